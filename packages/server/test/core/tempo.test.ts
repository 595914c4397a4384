import { describe, expect, test } from 'vitest'
import { Tempo } from '../../src/core/tempo.js'
import { VirtualClock } from '../../src/testing/index.js'

const DELAY_MS = 4

/** Has a channel of some rate, and gives whether each message may wait. */
async function beats(everyMs: number, count: number, delayMs = DELAY_MS): Promise<boolean[]> {
  const clock = new VirtualClock()
  const tempo = new Tempo(clock, delayMs, 2)
  const may: boolean[] = []
  for (let i = 0; i < count; i++) {
    may.push(tempo.beat())
    await clock.advance(everyMs)
  }
  return may
}

describe('the tempo of a channel', () => {
  test('lets nothing wait below two messages per delay', async () => {
    expect(await beats(3, 500)).not.toContain(true)
    expect(await beats(5, 500)).not.toContain(true)
  })

  test('lets messages wait from two per delay on, once that has gone on for eight', async () => {
    const may = await beats(2, 500)
    expect(may.slice(0, 15)).not.toContain(true)
    expect(may.slice(16)).not.toContain(false)
  })

  test('sees a busy channel before its first eight delays are over, and a burst at its end', async () => {
    expect((await beats(1, 40)).indexOf(true)).toBe(15)
    expect((await beats(0, 40)).indexOf(true)).toBe(15)
  })

  test('forgets what was, after a pause', async () => {
    const clock = new VirtualClock()
    const tempo = new Tempo(clock, DELAY_MS, 2)
    for (let i = 0; i < 40; i++) tempo.beat()
    expect(tempo.beat()).toBe(true)
    await clock.advance(16 * DELAY_MS)
    expect(tempo.beat()).toBe(false)
  })

  test('lets nothing ever wait without a delay', async () => {
    expect(await beats(0, 1_000, 0)).not.toContain(true)
  })
})
