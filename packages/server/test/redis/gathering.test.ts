import { describe, expect, test } from 'vitest'
import { Gathering } from '../../src/redis/gathering.js'

/**
 * Has publishes gathered for a while, and gives the sizes of groups and how long each waited. `comes` says how many there
 * are a time after a group began; a group waits for 8 milliseconds at most, and the next one begins 1 after it has left.
 */
function gather(durationMs: number, comes: (ms: number) => number, gathering = new Gathering()) {
  const groups: { size: number; waitedMs: number }[] = []
  for (let now = 0; now < durationMs; ) {
    gathering.begin(now)
    let waited = 0
    while (comes(waited) < gathering.wanted && waited < 8) waited += 0.5
    const size = Math.min(comes(waited), gathering.wanted)
    if (size < gathering.wanted) gathering.short(size, now + waited)
    else gathering.filled(now + waited)
    groups.push({ size, waitedMs: waited })
    now += waited + 1
  }
  return { gathering, groups }
}

const waited = (groups: readonly { waitedMs: number }[]) => groups.reduce((sum, { waitedMs }) => sum + waitedMs, 0)

describe('how many publishes are gathered', () => {
  test('is one at first, and one for whoever waits for each answer', () => {
    expect(new Gathering().wanted).toBe(1)
    const { gathering, groups } = gather(10_000, () => 1)
    expect(gathering.wanted).toBe(1)
    expect(new Set(groups.map(({ size }) => size))).toEqual(new Set([1]))
    // What the trials cost, of ten seconds.
    expect(waited(groups.slice(20))).toBeLessThan(100)
  })

  test('is as many as publish at a time and wait for their answers, held up by trials alone', () => {
    const { gathering, groups } = gather(10_000, () => 5)
    expect(gathering.wanted).toBe(5)
    expect(groups.slice(-50).map(({ size }) => size)).toEqual(Array.from({ length: 50 }, () => 5))
    expect(waited(groups.slice(20))).toBeLessThan(100)
  })

  test('is what comes in the time, of those who wait for nothing', () => {
    const { groups } = gather(2_000, (ms) => 1 + Math.floor(ms))
    const late = groups.slice(-20)
    expect(late.every(({ size }) => size === 8 || size === 9)).toBe(true)
  })

  test('grows at once with what comes, up to its bound', () => {
    const { groups } = gather(100, (ms) => 1 + Math.floor(ms * 100))
    expect(groups.slice(0, 7).map(({ size }) => size)).toEqual([2, 4, 8, 16, 32, 64, 64])
    expect(Math.max(...groups.map(({ size }) => size))).toBe(64)
  })

  test('falls with what comes', () => {
    const { gathering } = gather(2_000, (ms) => 1 + Math.floor(ms * 10))
    expect(gathering.wanted).toBeGreaterThan(60)
    const { groups } = gather(2_000, (ms) => 1 + Math.floor(ms / 4), gathering)
    expect(Math.max(...groups.slice(-20).map(({ size }) => size))).toBe(3)
  })

  test('comes back to those whose number varies, soon after they were alone for a moment', () => {
    let n = 0
    // Now none follows within the time, now seven.
    const { groups } = gather(4_000, (ms) => 1 + (n++ % 40 === 0 ? 0 : Math.floor(ms)))
    const mean = groups.reduce((sum, { size }) => sum + size, 0) / groups.length
    expect(mean).toBeGreaterThan(4)
  })
})
