import { expect, test } from 'vitest'
import { checkHistory, type HistoryEvent } from '../../src/history/index.js'
import { LOSSY_FAULTS, World } from './world.js'

/** A run of about `size` events: ten subscribers, failovers and restarts on the way. */
function longRun(size: number): HistoryEvent[] {
  const world = new World()
  for (let i = 0; i < 10; i++) world.subscribe(`s${i}`, 'c')
  for (let round = 0; world.events.length < size; round++) {
    for (let i = 0; i < 5; i++) world.publish(`p${i}`, 'c')
    if (round % 500 === 499) world.failover('c', round % 1000 === 999 ? 3 : 0)
    for (let i = 0; i < 10; i++) world.deliver(`s${i}`, 'c')
    if (round % 100 === 99) world.restart('s0', 'c', 20)
    // What is delivered long ago need not stay, and the model grows slow with its log.
    world.trim('c', Math.max(0, world.log('c').entries.length - 100))
  }
  return world.end()
}

function millisecondsFor(history: readonly HistoryEvent[]): number {
  const start = performance.now()
  const { violations } = checkHistory(history, { lossyFaults: LOSSY_FAULTS, mayTrim: true })
  const taken = performance.now() - start
  expect(violations).toEqual([])
  return taken
}

test('a history of 100,000 events is judged in about a second, and a longer one in proportion', () => {
  millisecondsFor(longRun(10_000))
  const short = millisecondsFor(longRun(25_000))
  const long = millisecondsFor(longRun(100_000))
  // Generous, since the machine may be busy: 0.3 s was measured. A quadratic scan takes sixteen times as long.
  expect(long).toBeLessThan(2500)
  expect(long).toBeLessThan(Math.max(500, short * 12))
})
