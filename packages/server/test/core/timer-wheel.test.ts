import { array, assert, asyncProperty, integer, nat, record } from 'fast-check'
import { expect, test } from 'vitest'
import { TimerWheel, type WheelTask } from '../../src/core/timer-wheel.js'
import { VirtualClock } from '../../src/testing/index.js'

const TICK = 500

function setUp() {
  const clock = new VirtualClock()
  return { clock, wheel: new TimerWheel(clock, TICK) }
}

test('a task runs at its time or up to one tick later, whenever it was scheduled', async () => {
  const tasks = array(record({ wait: nat(1_700), delay: nat(3_000) }), { minLength: 1, maxLength: 12 })
  await assert(
    asyncProperty(tasks, async (plan) => {
      const { clock, wheel } = setUp()
      const late: number[] = []
      for (const { wait, delay } of plan) {
        await clock.advance(wait)
        const due = clock.now() + delay
        wheel.schedule({ turn: () => void late.push(clock.now() - due) }, delay)
      }
      await clock.advance(5_000)
      expect(late).toHaveLength(plan.length)
      for (const ms of late) expect(ms).toBeGreaterThanOrEqual(0)
      expect(Math.max(...late)).toBeLessThanOrEqual(TICK)
    }),
    { numRuns: 60 },
  )
})

test('a task that returns a delay runs again after it, one that returns nothing is forgotten', async () => {
  const { clock, wheel } = setUp()
  const at: number[] = []
  const start = clock.now()
  wheel.schedule(
    {
      turn() {
        at.push(clock.now() - start)
        return at.length < 3 ? 2_000 : undefined
      },
    },
    1_000,
  )
  await clock.advance(20_000)
  expect(at).toEqual([1_000, 3_000, 5_000])
  expect(clock.pending).toBe(0)
})

test('a task that is scheduled again is moved, not doubled', async () => {
  const { clock, wheel } = setUp()
  const at: number[] = []
  const start = clock.now()
  const task = { turn: () => void at.push(clock.now() - start) }
  wheel.schedule(task, 1_000)
  await clock.advance(600)
  wheel.schedule(task, 1_400)
  await clock.advance(10_000)
  expect(at).toEqual([2_000])
})

test('a cancelled task does not run, nor does one that another cancels in the same turn', async () => {
  const { clock, wheel } = setUp()
  let ran = 0
  const second: WheelTask = { turn: () => void (ran += 1) }
  const first: WheelTask = { turn: () => void wheel.cancel(second) }
  wheel.schedule(first, 1_000)
  wheel.schedule(second, 1_000)
  const third: WheelTask = { turn: () => void (ran += 1) }
  wheel.schedule(third, 1_000)
  wheel.cancel(third)
  await clock.advance(10_000)
  expect(ran).toBe(0)
})

test('a task that another moves in the same turn runs once, at its new time', async () => {
  const { clock, wheel } = setUp()
  const at: number[] = []
  const start = clock.now()
  const second: WheelTask = { turn: () => void at.push(clock.now() - start) }
  wheel.schedule({ turn: () => void wheel.schedule(second, 3_000) }, 1_000)
  wheel.schedule(second, 1_000)
  await clock.advance(20_000)
  expect(at).toEqual([4_000])
})

test('a wheel stopped by one of its own tasks runs none of the others and keeps no timer', async () => {
  const { clock, wheel } = setUp()
  let ran = 0
  wheel.schedule(
    {
      turn() {
        wheel.stop()
        return undefined
      },
    },
    1_000,
  )
  wheel.schedule(
    {
      turn() {
        ran += 1
        return 1_000
      },
    },
    1_000,
  )
  await clock.advance(10_000)
  expect([ran, clock.pending]).toEqual([0, 0])
})

test('however many tasks there are, one timer serves them', async () => {
  const { clock, wheel } = setUp()
  let ran = 0
  await assert(
    asyncProperty(array(integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 200 }), async (delays) => {
      ran = 0
      for (const delay of delays) wheel.schedule({ turn: () => void (ran += 1) }, delay)
      expect(clock.pending).toBe(1)
      await clock.advance(61_000)
      expect([ran, clock.pending]).toEqual([delays.length, 0])
    }),
    { numRuns: 5 },
  )
})

test('after a suspension of minutes every task that came due has one turn, in the order of their times', async () => {
  const { clock, wheel } = setUp()
  const ran: string[] = []
  const task = (name: string): WheelTask => ({
    turn() {
      ran.push(name)
      return 1_000
    },
  })
  wheel.schedule(task('b'), 20_000)
  wheel.schedule(task('a'), 10_000)
  wheel.schedule(task('c'), 900_000)
  clock.suspend(300_000)
  await clock.advance(TICK)
  expect(ran).toEqual(['a', 'b'])
})

test('after a suspension, what arrived meanwhile is heard before any deadline is judged', async () => {
  const { clock, wheel } = setUp()
  let heard = false
  const judged: boolean[] = []
  wheel.schedule({ turn: () => void judged.push(heard) }, 10_000)
  clock.suspend(300_000)
  // The loop comes back: overdue timers run first, then what is in the sockets.
  await clock.advance(0)
  heard = true
  await clock.advance(2 * TICK)
  expect(judged).toEqual([true])
})
