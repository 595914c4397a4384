import { expect, test } from 'vitest'
import { settled } from './support/settled.js'
import { World } from './support/world.js'

test('a log that was lost before its first message arrived is told as a gap', async () => {
  const world = new World()
  const gaps: unknown[] = []
  const room = world.client.channel('room', { since: 'start' })
  room.on('gap', ({ reason, from, to }) => gaps.push([reason, from, to]))
  room.on('message', () => undefined)
  const link = await world.connect()
  await settled()
  // Three messages are on their way, and never arrive.
  link.subscribed('room', 'a', 0, { head: 3 })
  const next = await world.reconnect()
  await settled()
  next.subscribed('room', 'b', 0, { gap: { reason: 'epoch', from: 0, to: 1 }, rebase: { from: 'a', end: 0, to: 'b' } })
  await settled()
  expect(gaps).toEqual([['epoch', 0, 1]])
})

test('what was acknowledged in an earlier epoch than the latest is asked for first', async () => {
  const world = new World()
  const lost: string[] = []
  const room = world.client.channel('room')
  room.on('rollback', ({ ids }) => lost.push(...ids))
  const link = await world.connect()
  // Pipelined: neither names an epoch. Between the two answers the store fails over and loses the first one.
  const [a, b] = [room.publish('a'), room.publish('b')]
  await settled()
  const [first, second] = link.of('publish')
  link.say({ type: 'reply', ref: first?.ref ?? 0, id: a.id, position: { epoch: 'g1', offset: 5 } })
  link.say({ type: 'reply', ref: second?.ref ?? 0, id: b.id, position: { epoch: 'g2', offset: 5 } })
  await Promise.all([a, b])
  void room.publish('c')
  await settled()
  expect(link.last('publish').epoch).toBe('g1')
  const next = await world.reconnect({ rebases: [{ channel: 'room', from: 'g1', end: 4, to: 'g2' }] })
  await settled()
  expect(next.last('connect').acknowledged).toEqual([{ channel: 'room', epoch: 'g1', offset: 5 }])
  expect(lost).toEqual([a.id])
})

test('a publish that the log has let go of by age is not asked for', async () => {
  const world = new World()
  const room = world.client.channel('room')
  const link = await world.connect()
  const a = room.publish('a')
  await settled()
  link.say({ type: 'reply', ref: link.last('publish').ref, id: a.id, position: { epoch: 'g1', offset: 5 } })
  await a
  for (let waited = 0; waited <= 300_000; waited += 25_000) {
    await world.clock.advance(25_000)
    link.say({ type: 'ping' })
  }
  const next = await world.reconnect()
  await settled()
  expect(next.last('connect').acknowledged).toBeUndefined()
})

test('a connect frame fits 64 KiB with the longest names there are', async () => {
  const world = new World()
  const names = Array.from({ length: 128 }, (_, i) => `${'n'.repeat(250)}${i}`)
  for (const name of names) world.client.channel(name).on('message', () => undefined)
  const link = await world.connect()
  await settled()
  const epoch = 'e'.repeat(55)
  for (const name of names) if (link.of('subscribe').length < 128) link.subscribed(name, epoch, 1_000_000)
  for (const name of names) void world.client.channel(name).publish(1)
  await settled()
  for (const { ref, id } of link.of('publish')) link.say({ type: 'reply', ref, id, position: { epoch, offset: 7 } })
  const next = await world.reconnect()
  await settled()
  expect(JSON.stringify(next.last('connect')).length).toBeLessThan(65_536)
})
