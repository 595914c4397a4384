import type { Clock } from '../../ports/index.js'
import type { TestFramework } from './framework.js'

/** What the suite needs of an implementation: made fresh for every test. */
export interface ClockFixture {
  /** The clock. */
  readonly clock: Clock
  /** Lets this much time pass, in milliseconds, and a little more. Real time may do: the suite asks for little. */
  readonly advance: (ms: number) => Promise<void>
}

const SHORT_MS = 20
/** More than a timer of Node can take. */
const LONG_MS = 2 ** 31 + 1

/**
 * The law of the {@link Clock} port as tests.
 *
 * @param framework `{ describe, expect, test }` of vitest or jest.
 * @param name What is tested, for the title.
 * @param createFixture Makes a clock without timers.
 */
export function clockContract(
  { describe, expect, test }: TestFramework,
  name: string,
  createFixture: () => Promise<ClockFixture> | ClockFixture,
): void {
  describe(`the clock ${name}`, () => {
    test('runs a timer once, in a later turn, and not before its delay is over', async () => {
      const { clock, advance } = await createFixture()
      const set = clock.now()
      const ran: number[] = []
      clock.setTimer(() => ran.push(clock.now()), SHORT_MS)
      clock.setTimer(() => ran.push(clock.now()), 0)
      expect(ran).toEqual([])
      await advance(SHORT_MS)
      await advance(SHORT_MS)
      expect(ran).toHaveLength(2)
      // Timers of a machine may be early by what its clock is finer.
      expect(ran[1]).toBeGreaterThanOrEqual(set + SHORT_MS - 1)
    })

    test('does not run a timer that was cleared, and clearing twice or too late does nothing', async () => {
      const { clock, advance } = await createFixture()
      const ran: string[] = []
      const early = clock.setTimer(() => ran.push('early'), 0)
      const cleared = clock.setTimer(() => ran.push('cleared'), SHORT_MS)
      clock.clearTimer(cleared)
      clock.clearTimer(cleared)
      await advance(2 * SHORT_MS)
      clock.clearTimer(early)
      expect(ran).toEqual(['early'])
    })

    test('does not run a very long timer at once', async () => {
      const { clock, advance } = await createFixture()
      let ran = false
      const timer = clock.setTimer(() => (ran = true), LONG_MS)
      await advance(SHORT_MS)
      clock.clearTimer(timer)
      expect(ran).toBe(false)
    })

    test('runs what is asked for soon in its order, after this turn and what it promised', async () => {
      const { clock, advance } = await createFixture()
      const ran: string[] = []
      clock.soon(() => ran.push('first'))
      clock.soon(() => ran.push('second'))
      void Promise.resolve().then(() => ran.push('promise'))
      expect(ran).toEqual([])
      await advance(SHORT_MS)
      expect(ran).toEqual(['promise', 'first', 'second'])
    })

    test('never goes back, and knows the date', async () => {
      const { clock, advance } = await createFixture()
      const [now, date] = [clock.now(), clock.date()]
      await advance(SHORT_MS)
      expect(clock.now()).toBeGreaterThanOrEqual(now + SHORT_MS - 1)
      expect(clock.date()).toBeGreaterThanOrEqual(date)
      expect(date).toBeGreaterThanOrEqual(Date.UTC(2000, 0, 1))
      expect(Number.isInteger(date)).toBe(true)
    })
  })
}
