import { DEFAULT_LIMITS } from '@org/realtime-protocol'
import { expect, test, vi } from 'vitest'
import { Attendance } from '../../src/core/attendance.js'
import { Session } from '../../src/core/session.js'
import { TimerWheel } from '../../src/core/timer-wheel.js'
import { Upkeep } from '../../src/core/upkeep.js'
import { memory, type Leaver } from '../../src/index.js'
import { CountingRandom } from '../support/counting-random.js'
import { Gate } from '../support/gate.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { deafNode, VirtualClock } from '../../src/testing/index.js'

function setUp() {
  const clock = new VirtualClock()
  const { presence } = memory({ clock, random: new CountingRandom() }).join(deafNode)
  const gate = new Gate()
  const store = {
    ...presence,
    asked: new Array<Leaver>(),
    /** How many of the next requests fail. */
    failures: 0,
    enter: (...[channel, entrant, ttlMs]: Parameters<typeof presence.enter>) =>
      ask(entrant, () => presence.enter(channel, entrant, ttlMs)),
    leave: (...[channel, leaver, ttlMs]: Parameters<typeof presence.leave>) =>
      ask(leaver, () => presence.leave(channel, leaver, ttlMs)),
  }
  const ask = <T>(asked: Leaver, operation: () => Promise<T>) =>
    gate.after(() => {
      store.asked.push(asked)
      if (store.failures === 0) return operation()
      store.failures -= 1
      return Promise.reject(new Error('the store is down'))
    })
  const wheel = new TimerWheel(clock, 500)
  const gone: Attendance[] = []
  const session = new Session('s1', 1, 'digest', { id: 'ada' }, 'producer')
  const counts = { joins: 0, leaves: 0 }
  const context = {
    store,
    clock,
    wheel,
    logger: new RecordingLogger(),
    upkeep: new Upkeep({ clock, random: new CountingRandom() }),
    limits: DEFAULT_LIMITS,
    lifetimeMs: 45_000,
    counts,
  }
  const begin = () => new Attendance('c', session, context, (over) => void gone.push(over))
  const count = async () => (await presence.list('c', 10)).count
  return { clock, store, gate, gone, attendance: begin(), begin, count }
}

test('who enters again while its leave is on its way is there, and its node goes on answering for it', async () => {
  const { clock, gate, gone, attendance, count } = setUp()
  await attendance.enter('1')
  gate.close()
  const left = attendance.leave()
  const entered = attendance.enter('2')
  gate.open()
  await Promise.all([left, entered])
  expect([await count(), attendance.isHeld, gone]).toEqual([1, true, []])
  attendance.detach()
  await clock.advance(13_000)
  expect([await count(), attendance.isHeld, gone]).toEqual([0, false, [attendance]])
})

test('what a session asks for is done in order, however long each step takes', async () => {
  const { clock, gate, attendance, count } = setUp()
  gate.close()
  const outcomes = [attendance.enter('1'), attendance.leave(), attendance.enter('2'), attendance.leave()]
  for (let i = 0; i < 4; i++) {
    await clock.settle()
    expect(gate.size).toBe(1)
    gate.step()
  }
  const positions = (await Promise.all(outcomes)).map((outcome) => outcome.kind === 'done' && outcome.position.offset)
  expect([positions, await count()]).toEqual([[1, 2, 3, 4], 0])
})

test('one that another claim has replaced leaves no more', async () => {
  const { clock, attendance, count } = setUp()
  await attendance.enter('1')
  attendance.detach()
  attendance.replaced()
  await clock.advance(60_000)
  expect(await count()).toBe(1)
})

test('a leave that has failed is not tried again behind a later one, which would undo the next enter', async () => {
  const { clock, store, gone, attendance, begin, count } = setUp()
  await attendance.enter('1')
  store.failures = 1
  const [failed, left] = await Promise.allSettled([attendance.leave(), attendance.leave()])
  expect([failed.status, left.status, gone]).toEqual(['rejected', 'fulfilled', [attendance]])
  await begin().enter('2')
  await clock.advance(10_000)
  expect(await count()).toBe(1)
})

test('a leave that has failed is tried again until it is done, when nothing comes after it', async () => {
  const { clock, store, gone, attendance, count } = setUp()
  await attendance.enter('1')
  store.failures = 3
  await expect(attendance.leave()).rejects.toThrow('the store is down')
  expect([await count(), gone]).toEqual([1, []])
  await clock.advance(3_000)
  expect([await count(), gone]).toEqual([0, [attendance]])
})

test('a session that leaves twice at once is answered for until the last of it is done', async () => {
  const { clock, gate, gone, attendance } = setUp()
  await attendance.enter('1')
  gate.close()
  const left = [attendance.leave(), attendance.leave()]
  await clock.settle()
  gate.step()
  await left[0]
  expect(gone).toEqual([])
  gate.open()
  await left[1]
  expect(gone).toEqual([attendance])
})

test('every request to the store has a higher number than those before it, though the clock is set back', async () => {
  const { clock, store, attendance, begin } = setUp()
  await attendance.enter('1')
  await attendance.leave()
  vi.spyOn(clock, 'date').mockReturnValue(7)
  const again = begin()
  await again.enter('2')
  await again.leave()
  const numbers = store.asked.map(({ number }) => number)
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
  expect(numbers).toHaveLength(4)
})

test('what the store may not have is entered again once, however often that is asked for', async () => {
  const { clock, store, gate, attendance } = setUp()
  await attendance.enter('1')
  gate.close()
  attendance.doubt()
  for (let i = 0; i < 3; i++) attendance.restore()
  await clock.settle()
  attendance.restore()
  gate.open()
  await clock.settle()
  attendance.restore()
  await clock.settle()
  expect([store.asked.length, attendance.isUnsure]).toEqual([2, false])
})

test('what could not be entered again waits for its next try, however often it is asked for', async () => {
  const { clock, store, attendance } = setUp()
  await attendance.enter('1')
  store.failures = 1
  attendance.doubt()
  for (let i = 0; i < 3; i++) attendance.restore()
  await clock.settle()
  attendance.restore()
  await clock.settle()
  expect(store.asked).toHaveLength(2)
  await clock.advance(100)
  expect([store.asked.length, attendance.isUnsure]).toEqual([3, false])
})

test('what the store loses once more, while it is entered again, is entered once more', async () => {
  const { clock, store, gate, attendance } = setUp()
  await attendance.enter('1')
  gate.close()
  attendance.doubt()
  attendance.restore()
  await clock.settle()
  attendance.doubt()
  attendance.restore()
  gate.open()
  await clock.settle()
  expect([store.asked.length, attendance.isUnsure]).toEqual([3, false])
})

test('who leaves while it waits to be entered again is not', async () => {
  const { clock, store, gate, attendance, count } = setUp()
  await attendance.enter('1')
  store.failures = 1
  attendance.doubt()
  attendance.restore()
  await clock.settle()
  await attendance.leave()
  await clock.advance(10_000)
  expect([store.asked.length, await count(), gate.size]).toEqual([3, 0, 0])
})
