import { DEFAULT_LIMITS } from '@org/realtime-protocol'
import { expect, test } from 'vitest'
import { Attendance } from '../../src/core/attendance.js'
import { Session } from '../../src/core/session.js'
import { TimerWheel } from '../../src/core/timer-wheel.js'
import { memory } from '../../src/index.js'
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
    enter: (...args: Parameters<typeof presence.enter>) => gate.after(() => presence.enter(...args)),
    leave: (...args: Parameters<typeof presence.leave>) => gate.after(() => presence.leave(...args)),
  }
  const wheel = new TimerWheel(clock, 500)
  const gone: Attendance[] = []
  const session = new Session('s1', 1, 'digest', { id: 'ada' }, 'producer')
  const context = { store, clock, wheel, logger: new RecordingLogger(), limits: DEFAULT_LIMITS, lifetimeMs: 45_000 }
  const attendance = new Attendance('c', session, context, (over) => void gone.push(over))
  const count = async () => (await presence.list('c', 10)).count
  return { clock, gate, gone, attendance, count }
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
