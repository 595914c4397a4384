import { afterEach, describe, expect, test, vi } from 'vitest'
import { VirtualClock } from '../../src/testing/index.js'

afterEach(() => void vi.useRealTimers())

describe('virtual time', () => {
  test('stands still until it is told to pass, and runs each timer at its moment', async () => {
    const clock = new VirtualClock({ now: 0, date: 5_000 })
    const ran: Array<[string, number, number]> = []
    const note = (name: string) => () => void ran.push([name, clock.now(), clock.date()])
    clock.setTimer(note('late'), 20)
    clock.setTimer(note('early'), 10)
    clock.setTimer(note('never'), 31)
    await clock.settle()
    expect([clock.now(), ran]).toEqual([0, []])
    await clock.advance(30)
    expect(ran).toEqual([
      ['early', 10, 5_010],
      ['late', 20, 5_020],
    ])
    expect([clock.now(), clock.pending]).toEqual([30, 1])
  })

  test('runs timers of one moment in the order they were set, however many there are', async () => {
    const clock = new VirtualClock()
    const ran: string[] = []
    const expected: string[] = []
    for (let i = 0; i < 300; i++) {
      const ms = (i * 7) % 13
      clock.setTimer(() => void ran.push(`${ms} ${i}`), ms)
      expected.push(`${ms} ${i}`)
    }
    await clock.advance(13)
    const key = (name: string) => name.split(' ').map(Number) as [number, number]
    expect(ran).toEqual(expected.sort((a, b) => key(a)[0] - key(b)[0] || key(a)[1] - key(b)[1]))
  })

  test('never runs a timer inside the call that sets it, nor one that was cleared', async () => {
    const clock = new VirtualClock()
    const ran: string[] = []
    clock.setTimer(() => void ran.push('now'), 0)
    const cleared = clock.setTimer(() => void ran.push('cleared'), 0)
    expect([ran, clock.pending]).toEqual([[], 2])
    clock.clearTimer(cleared)
    clock.clearTimer(cleared)
    clock.clearTimer(undefined)
    expect(clock.pending).toBe(1)
    await clock.advance(0)
    expect([ran, clock.pending]).toEqual([['now'], 0])
  })

  test('gives promises of any depth, and what is asked for soon, their turn before the next timer', async () => {
    const clock = new VirtualClock()
    const ran: string[] = []
    clock.setTimer(() => {
      void (async () => {
        for (let i = 0; i < 1_000; i++) await Promise.resolve()
        ran.push('promises')
        clock.soon(() => void Promise.resolve().then(() => clock.soon(() => ran.push('soon'))))
      })()
    }, 5)
    clock.setTimer(() => void ran.push('timer'), 5)
    await clock.advance(5)
    expect(ran).toEqual(['promises', 'soon', 'timer'])
  })

  test('passes as long as a promise needs, and not a moment longer', async () => {
    const clock = new VirtualClock({ now: 0 })
    const slept = new Promise<string>((resolve) => clock.setTimer(() => resolve('slept'), 40))
    clock.setTimer(() => undefined, 50)
    expect(await clock.until(slept)).toBe('slept')
    expect(clock.now()).toBe(40)
    expect(await clock.until(Promise.resolve('at once'))).toBe('at once')
    await expect(clock.until(Promise.reject(new Error('no')))).rejects.toThrow('no')
  })

  test('says that a promise is not settled in time, or cannot be', async () => {
    const clock = new VirtualClock({ now: 0 })
    const never = new Promise(() => undefined)
    await expect(clock.until(never)).rejects.toThrow('no timer is set')
    const again = (): unknown => clock.setTimer(again, 100)
    again()
    await expect(clock.until(never, { withinMs: 250 })).rejects.toThrow('still pending after 250 ms')
    expect(clock.now()).toBe(200)
  })

  test('of a process that was suspended passes without its timers, which run late', async () => {
    const clock = new VirtualClock({ now: 0 })
    const ran: number[] = []
    clock.setTimer(() => void ran.push(clock.now()), 10)
    clock.suspend(1_000)
    await clock.settle()
    expect(ran).toEqual([])
    await clock.advance(0)
    expect(ran).toEqual([1_000])
  })

  test('refuses what makes no sense: no number, going back, moving twice at once, turns without an end', async () => {
    const clock = new VirtualClock()
    for (const ms of [-1, Number.NaN]) expect(() => clock.setTimer(() => undefined, ms)).toThrow(RangeError)
    const moving = clock.advance(10)
    await expect(clock.advance(10)).rejects.toThrow('moving already')
    await moving
    await clock.advance(10)
    const circle = (): void => clock.soon(circle)
    circle()
    await expect(clock.settle()).rejects.toThrow('circle')
  })

  test('passes under fake timers, too', async () => {
    vi.useFakeTimers()
    const clock = new VirtualClock()
    let ran = false
    clock.setTimer(() => (ran = true), 10)
    await clock.advance(10)
    expect(ran).toBe(true)
  })
})
