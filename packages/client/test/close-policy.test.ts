import { expect, test } from 'vitest'
import { outcome, World } from './support/world.js'

test.each([1001, 1006, 1011, 1012, 1013, 3000, 4000, 4003, 4499])('%i: reconnects and resumes', async (code) => {
  const world = new World()
  await world.connect()
  await world.reconnect({}, code)
  expect(world.link.last('connect').session).toEqual({ id: 's1', token: 't1' })
})

test('4002: reconnects as a new session, with the same producer and positions', async () => {
  const world = new World()
  world.client.channel('room').on('message', () => {})
  const first = await world.connect()
  first.subscribed('room', 'e', 3)
  const second = await world.reconnect({ session: { id: 's2', token: 't2' } }, 4002)
  expect(second.last('connect')).toMatchObject({
    producer: first.last('connect').producer,
    subscriptions: [{ since: { epoch: 'e', offset: 3 } }],
  })
  expect(second.last('connect').session).toBeUndefined()
  expect(world.client.session).toBe('s2')
})

test.each([1000, 4501, 4502, 4506, 4999])('%i: ends the client with the code and the reason', async (code) => {
  const world = new World()
  const room = world.client.channel('room')
  room.on('message', () => {})
  await world.connect()
  const publish = room.publish(1)
  const history = room.history()
  const messages = room.messages().next()
  world.link.end(code, 'no more')
  expect(world.client.state).toMatchObject({
    status: 'closed',
    closeCode: code,
    reason: 'no more',
    error: { code: 'TERMINATED', message: 'no more', closeCode: code, retryable: false },
  })
  expect(room.state).toMatchObject({ status: 'unsubscribed', error: { code: 'TERMINATED' } })
  expect(await outcome(publish)).toBe('UNKNOWN_OUTCOME')
  expect(await outcome(history)).toBe('TERMINATED')
  expect(await outcome(messages)).toBe('TERMINATED')
  expect(await outcome(world.client.ready())).toBe('TERMINATED')
  expect(world.clock.pending).toBe(0)
})

test('the code of a closing frame counts, whatever the socket says', async () => {
  const world = new World()
  await world.connect()
  world.link.say({ type: 'closing', code: 4506, reason: 'ended' })
  expect(world.client.state.status).toBe('connected')
  world.link.end(1006)
  expect(world.client.state).toMatchObject({ status: 'closed', error: { code: 'TERMINATED', closeCode: 4506 } })
})

test('two refusals in a row, neither connected, end the client', async () => {
  const world = new World()
  world.client.connect()
  world.link.end(1002)
  await world.clock.advance(1_000)
  world.link.end(1009)
  expect(world.client.state).toMatchObject({ status: 'closed', closeCode: 1009 })
})

test('refusals with something else or a connection between them do not', async () => {
  const world = new World()
  world.client.connect()
  for (const code of [1002, 1006, 1002]) {
    world.link.end(code)
    await world.clock.advance(20_100)
  }
  world.link.accept()
  await world.reconnect({}, 1009)
  await world.reconnect({}, 1009)
  expect(world.client.state.status).toBe('connected')
})

test('without a WebSocket the client ends with NO_WEBSOCKET', () => {
  const world = new World()
  world.client.connect()
  world.link.end(4599, 'none')
  expect(world.client.state).toMatchObject({ status: 'closed', error: { code: 'NO_WEBSOCKET' } })
})
