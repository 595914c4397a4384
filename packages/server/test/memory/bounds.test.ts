import { expect, test } from 'vitest'
import { memory, type PublishRequest, type Retention } from '../../src/index.js'
import { ProducerRecord } from '../../src/memory/producer-record.js'
import { MemoryLog } from '../../src/memory/memory-log.js'
import { MemorySessions } from '../../src/memory/memory-sessions.js'
import { CountingRandom } from '../support/counting-random.js'
import { deafNode, VirtualClock } from '../../src/testing/index.js'

const RETENTION: Retention = { messages: 10, ageMs: 1_000, bytes: 1_000, ttlMs: 5_000 }

function setUp() {
  const clock = new VirtualClock()
  const backend = memory({ clock, random: new CountingRandom() })
  const { broker, sessions, presence, close } = backend.join(deafNode)
  const publish = (channel: string, fields: Partial<PublishRequest> = {}) =>
    broker.publish({ channel, id: 'm', payload: '1', retention: RETENTION, ...fields })
  /** How many logs are held. */
  const logs = () => backend.checkpoint().logs.size
  return { clock, backend, broker, sessions, presence, close, publish, logs }
}

/** How many messages a log really holds, whatever it shows. */
function held(log: MemoryLog): number {
  return (log as unknown as { entries: readonly unknown[] }).entries.length
}

test('a log drops what it may no longer keep with the next publish: by count, by bytes and by age', () => {
  const moment = { date: 0, now: 0, incarnation: 'i', id: () => 'idididididid', admits: () => true }
  const log = new MemoryLog(RETENTION, moment)
  const publish = (payload: string, date: number) =>
    log.publish({ channel: 'c', id: 'm', payload, retention: RETENTION }, { ...moment, date }, () => undefined)
  for (let i = 0; i < 50; i++) publish('1', 0)
  expect(held(log)).toBe(10)
  for (let i = 0; i < 5; i++) publish('x'.repeat(300), 0)
  expect(held(log)).toBe(3)
  publish('1', 1_000)
  expect(held(log)).toBe(1)
  publish('x'.repeat(1_000), 1_000)
  expect(held(log)).toBe(1)
})

test('a retention that was changed holds from the next publish on', () => {
  const moment = { date: 0, now: 0, incarnation: 'i', id: () => 'idididididid', admits: () => true }
  const log = new MemoryLog(RETENTION, moment)
  for (let i = 0; i < 10; i++)
    log.publish({ channel: 'c', id: 'm', payload: '1', retention: RETENTION }, moment, () => undefined)
  log.publish(
    { channel: 'c', id: 'm', payload: '1', retention: { ...RETENTION, messages: 2 } },
    moment,
    () => undefined,
  )
  expect(held(log)).toBe(2)
})

test('a channel without publishes is dropped by itself, though nobody asks for it', async () => {
  const { clock, publish, logs } = setUp()
  for (let i = 0; i < 20; i++) await publish(`c${i}`)
  expect(logs()).toBe(20)
  await clock.advance(65_000)
  expect(logs()).toBe(0)
})

test('a channel somebody listens to is kept, and forgotten some time after nobody does', async () => {
  const { clock, broker, publish } = setUp()
  await broker.subscribe('c')
  const outcome = await publish('c')
  await clock.advance(600_000)
  expect((await broker.recover('c', undefined, 1)).head).toEqual(
    outcome.kind === 'stored' ? outcome.position : undefined,
  )
  await broker.unsubscribe('c')
  await clock.advance(60_000)
  expect((await broker.recover('c', undefined, 1)).head.epoch).toBe('')
})

test('reading makes no logs, nor does a publish out of order', async () => {
  const { broker, publish, logs } = setUp()
  for (let i = 0; i < 20; i++) {
    await broker.recover(`c${i}`, 'start', 10)
    await broker.history(`c${i}`, { limit: 10 })
    await broker.subscribe(`c${i}`)
    await publish(`c${i}`, { number: { producer: 'p', seq: 2, lowest: 1 } })
  }
  expect(logs()).toBe(0)
})

test('a producer has the positions of its last 64 numbers and no more', () => {
  const producer = ProducerRecord.empty()
  for (let seq = 1; seq <= 1_000; seq++) producer.record(seq, { offset: seq, id: 'm' })
  const known = Array.from({ length: 1_000 }, (_, i) =>
    producer.judge({ producer: 'p', seq: i + 1, lowest: 1 }),
  ).filter((verdict) => verdict.kind === 'repeat' && verdict.stored)
  expect(known).toHaveLength(64)
})

test('a copied record of a producer changes on its own', () => {
  const record = ProducerRecord.empty()
  record.record(1, { offset: 1, id: 'a' })
  const copy = record.copy()
  record.record(2, { offset: 2, id: 'b' })
  expect(copy.judge({ producer: 'p', seq: 2, lowest: 2 })).toEqual({ kind: 'next' })
})

test('sessions that nobody renews are dropped by themselves', async () => {
  const clock = new VirtualClock()
  const sessions = new MemorySessions(clock, new CountingRandom(), 1_000, 100)
  for (let i = 0; i < 50; i++) sessions.claim({ newId: `s${i}`, user: null, nextDigest: 'd' })
  expect(sessions.size).toBe(50)
  await clock.advance(1_000)
  sessions.sweep()
  expect(sessions.size).toBe(0)
})

test('a backend nobody uses any more keeps no timer, and one that is joined again sweeps again', async () => {
  const { clock, backend, close, publish, logs } = setUp()
  await publish('c')
  expect(clock.pending).toBe(1)
  await close()
  expect(clock.pending).toBe(0)
  await clock.advance(120_000)
  expect(logs()).toBe(1)
  backend.join(deafNode)
  await clock.advance(60_000)
  expect(logs()).toBe(0)
})

test('a node that has left is told nothing', async () => {
  const { backend, broker, presence, publish } = setUp()
  const told: string[] = []
  const node = backend.join({
    deliver: () => void told.push('deliver'),
    degraded: () => void told.push('degraded'),
    resync: () => void told.push('resync'),
    verify: () => undefined,
    superseded: () => void told.push('superseded'),
    heard: () => void told.push('heard'),
    presenceChanged: () => void told.push('presence'),
  })
  await Promise.all([node.broker.subscribe('c'), broker.subscribe('c'), node.presence.watch('c')])
  await publish('c')
  await presence.enter('c', { session: 's1', user: null, owner: 1, number: 1 }, 1_000)
  expect(told).toEqual(['deliver', 'presence'])
  await node.close()
  await publish('c')
  await presence.leave('c', { session: 's1', owner: 1, number: 2 }, 1_000)
  backend.setDegraded(true)
  backend.setDegraded(false)
  backend.failOver()
  expect(told).toEqual(['deliver', 'presence'])
})

test('a channel nobody is in and nobody watches is kept only while the last leave is remembered', async () => {
  const { clock, backend, presence } = setUp()
  const size = () => backend.checkpoint().presence.size
  for (let i = 0; i < 20; i++) {
    await presence.enter(`c${i}`, { session: 's1', user: null, owner: 1, number: 1 }, 1_000)
    await presence.leave(`c${i}`, { session: 's1', owner: 1, number: 2 }, 1_000)
  }
  expect(size()).toBe(20)
  await clock.advance(61_000)
  expect(size()).toBe(0)
  await presence.watch('c')
  await presence.enter('c', { session: 's1', user: null, owner: 1, number: 1 }, 1_000)
  await presence.leave('c', { session: 's1', owner: 1, number: 2 }, 1_000)
  await clock.advance(61_000)
  expect(size()).toBe(1)
  await presence.unwatch('c')
  expect(size()).toBe(0)
})

test('members that nobody renews, in a channel nobody looks at, are dropped by themselves', async () => {
  const { clock, backend, presence } = setUp()
  for (let i = 0; i < 20; i++) await presence.enter(`c${i}`, { session: 's1', user: null, owner: 1, number: 1 }, 1_000)
  await presence.watch('c0')
  await clock.advance(121_000)
  expect([...backend.checkpoint().presence.keys()]).toEqual(['c0'])
})

test('a checkpoint is not changed by what happens afterwards', async () => {
  const { backend, broker, publish } = setUp()
  await publish('c', { id: 'a', number: { producer: 'p', seq: 1, lowest: 1 } })
  const checkpoint = backend.checkpoint()
  await publish('c', { id: 'b', number: { producer: 'p', seq: 2, lowest: 2 } })
  for (let i = 0; i < 2; i++) {
    backend.failOver(checkpoint)
    expect((await broker.recover('c', 'start', 9)).publications.map(({ id }) => id)).toEqual(['a'])
    const again = await publish('c', { id: 'b2', number: { producer: 'p', seq: 2, lowest: 2 } })
    expect(again).toMatchObject({ kind: 'stored', id: 'b2', position: { offset: 2 } })
  }
})
