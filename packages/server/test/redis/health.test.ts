import { expect, it } from 'vitest'
import { systemRandom } from '../../src/platform/system-random.js'
import { NO_METRICS, silent } from '../../src/ports/index.js'
import { Health } from '../../src/redis/health.js'
import { VirtualClock } from '../../src/testing/index.js'

const gone = new Error('gone')

function healthy() {
  const clock = new VirtualClock()
  const told: string[] = []
  const health = new Health({ clock, random: systemRandom, logger: silent, metrics: NO_METRICS }, () => undefined)
  health.watch({ degraded: (is) => told.push(is ? 'degraded' : 'restored'), resync: () => told.push('resync') })
  return { clock, told, health }
}

it('connections that are lost together and come back one by one are verified once, when all are back', async () => {
  const { clock, told, health } = healthy()
  for (const part of ['a', 'b', 'c']) health.trouble(part, gone)
  for (const part of ['a', 'b', 'c']) {
    await clock.advance(100)
    expect(told).toEqual([])
    health.resync()
    health.fine(part)
  }
  await clock.advance(100)
  expect(told).toEqual(['resync'])
})

it('an outage is told after half a second, and its end with one word to verify', async () => {
  const { clock, told, health } = healthy()
  health.trouble('a', gone)
  health.trouble('b', gone)
  await clock.advance(499)
  expect(told).toEqual([])
  await clock.advance(1)
  expect(told).toEqual(['degraded'])
  health.resync()
  health.fine('a')
  await clock.advance(1_000)
  expect(told).toEqual(['degraded'])
  health.fine('b')
  await clock.advance(1_000)
  expect(told).toEqual(['degraded', 'restored', 'resync'])
})

it('what is back is verified though another part stays away, and once more when that is back', async () => {
  const { clock, told, health } = healthy()
  health.trouble('a', gone)
  await clock.advance(60_000)
  health.trouble('b', gone)
  await clock.advance(1_000)
  health.resync()
  health.fine('b')
  await clock.advance(6_000)
  expect(told).toEqual(['degraded', 'resync'])
  await clock.advance(60_000)
  health.fine('a')
  await clock.advance(60_000)
  expect(told).toEqual(['degraded', 'resync', 'restored', 'resync'])
})

it('a part that is lost for a moment while all wait for another one is verified with it, once', async () => {
  const { clock, told, health } = healthy()
  health.trouble('a', gone)
  health.resync()
  await clock.advance(100)
  health.fine('a')
  await clock.advance(10_000)
  expect(told).toEqual(['resync'])
})

it('who joins during an outage is told at once', async () => {
  const { clock, health } = healthy()
  health.trouble('a', gone)
  await clock.advance(500)
  const told: boolean[] = []
  const off = health.watch({ degraded: (is) => told.push(is), resync: () => undefined })
  off()
  health.fine('a')
  expect(told).toEqual([true])
})
