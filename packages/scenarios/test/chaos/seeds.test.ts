import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { kindsFor, LOSSY_FAULTS } from '../../src/chaos/faults/index.js'
import { rehearse } from './support/rehearsal.js'

vi.mock('node:timers/promises', async () => (await import('./support/virtual-sleep.js')).virtualSleep())
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Plays a round on the clock of the test. */
async function rehearsed(conditions: Parameters<typeof rehearse>[0]) {
  let isOver = false
  const play = rehearse(conditions).finally(() => (isOver = true))
  while (!isOver) await vi.advanceTimersByTimeAsync(100)
  return play
}

// Those that lose read what real masters hold, but for what is evicted or gone as a whole.
const kinds = kindsFor('redis').filter((kind) => !LOSSY_FAULTS.includes(kind) || /evict|empty/.test(kind))

test.each(kinds)('%s: a seed draws the same victims and times, however much traffic draws', async (kind) => {
  for (const seed of [1, 2, 3]) {
    const quiet = await rehearsed({ kind, seed })
    const busy = await rehearsed({ kind, seed, publishesPerSecond: 900 })
    expect(busy.published.length).toBeGreaterThan(quiet.published.length + 1_000)
    expect(quiet.deeds.length).toBeGreaterThan(0)
    expect(busy.deeds).toEqual(quiet.deeds)
  }
})

test('other seeds draw other victims and other times', async () => {
  for (const kind of ['client.reset', 'client.stall', 'node.kill', 'redis.cut-off', 'redis.freeze', 'mixed.lossless']) {
    const drawn = new Set<string>()
    for (let seed = 1; seed <= 5; seed++) drawn.add((await rehearsed({ kind, seed })).deeds.join('\n'))
    expect(drawn.size).toBeGreaterThan(2)
  }
})

test.each(['client.reset', 'client.half-open', 'client.stall'])(
  '%s: a seed draws the same clients, in whatever order their links came',
  async (kind) => {
    const { deeds } = await rehearsed({ kind, seed: 6 })
    expect((await rehearsed({ kind, seed: 6, isShuffled: true })).deeds).toEqual(deeds)
  },
)

describe('of faults that are played together', () => {
  test('none moves what another one draws, however long it goes on', async () => {
    const isOfSlow = (deed: string) => deed.includes('bytesPerSecond')
    let compared = 0
    for (let seed = 1; seed <= 24; seed++) {
      const brief = await rehearsed({ kind: 'mixed.lossless', seed })
      if (!brief.deeds.some(isOfSlow)) continue
      const long = await rehearsed({ kind: 'mixed.lossless', seed, fallsBehindAfter: 30 })
      expect(long.published.length).toBeGreaterThan(brief.published.length + 200)
      const others = brief.deeds.filter((deed) => !isOfSlow(deed))
      expect(others.length).toBeGreaterThan(0)
      expect(long.deeds.filter((deed) => !isOfSlow(deed))).toEqual(others)
      compared += 1
    }
    expect(compared).toBeGreaterThan(1)
  })
})

test('of traffic the first messages are the same, at any rate and under any fault', async () => {
  const messages = async (publishesPerSecond: number, kind: string) => {
    const { published } = await rehearsed({ kind, seed: 4, publishesPerSecond })
    return published.filter((text) => text.includes(' room:') && !text.endsWith(' 30000')).slice(0, 80)
  }
  const slow = await messages(50, 'client.reset')
  expect(new Set(slow).size).toBeGreaterThan(20)
  expect(await messages(700, 'client.slow')).toEqual(slow)
})
