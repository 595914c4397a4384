import { expect, test } from 'vitest'
import { BAD_METAS } from './support/metas.js'
import { settled } from './support/settled.js'
import { World } from './support/world.js'

test('a message is sent once, with meta and an id, and nothing is kept of it', async () => {
  const world = new World()
  const link = await world.connect()
  world.client.channel('room').send({ x: 1 }, { meta: { a: 'b' } })
  const { id, ...frame } = link.last('send')
  expect(frame).toEqual({ type: 'send', channel: 'room', data: { x: 1 }, meta: { a: 'b' } })
  expect(id).toMatch(/^id/)
  expect(world.client.outbox).toEqual([])
  const next = await world.reconnect()
  expect(next.of('send')).toEqual([])
})

test('a message is dropped while there is no connection, or no network, and connects nobody', async () => {
  const world = new World()
  const room = world.client.channel('room')
  room.send(1)
  await settled()
  expect(world.links).toEqual([])
  world.client.connect()
  world.link.open()
  room.send(2)
  world.link.accept()
  world.network.tell('offline')
  room.send(3)
  world.network.tell('online')
  room.send(4)
  expect(world.link.of('send').map(({ data }) => data)).toEqual([4])
  await world.client.close()
  room.send(5)
  expect(world.link.of('send')).toHaveLength(1)
})

test('what would end the link is thrown instead', async () => {
  const world = new World()
  const link = await world.connect()
  const room = world.client.channel('room')
  for (const data of [undefined, 1n, () => {}]) expect(() => room.send(data)).toThrow('INVALID_DATA')
  expect(() => room.send(1, { meta: { a: 'x'.repeat(1_100) } })).toThrow('INVALID_DATA')
  for (const meta of BAD_METAS) expect(() => room.send(1, { meta: meta as never })).toThrow('INVALID_DATA')
  expect(() => room.send('x'.repeat(70_000))).toThrow('TOO_LARGE')
  expect(link.of('send')).toEqual([])
})
