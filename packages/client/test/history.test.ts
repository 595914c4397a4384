import { expect, test } from 'vitest'
import { settled } from './support/settled.js'
import { outcome, publication, World, type FakeLink } from './support/world.js'

function page(link: FakeLink, more = false) {
  const { type: _, ...first } = publication('room', 'e', 4) as Extract<
    ReturnType<typeof publication>,
    { type: 'publication' }
  >
  link.say({
    type: 'reply',
    ref: link.last('history').ref,
    position: { epoch: 'e', offset: 4 },
    publications: [first],
    more,
  })
  return first
}

test('reads the latest 100, and gives the page, the end of the log and whether there is more', async () => {
  const world = new World()
  const link = await world.connect()
  const history = world.client.channel('room').history()
  expect(link.last('history')).toMatchObject({ channel: 'room', limit: 100 })
  const first = page(link, true)
  expect(await history).toEqual({ publications: [first], position: { epoch: 'e', offset: 4 }, more: true })
})

test('reads after or before a position, never both', async () => {
  const world = new World()
  const link = await world.connect()
  const room = world.client.channel('room')
  const position = { epoch: 'e', offset: 3 }
  void room.history({ after: position, limit: 5 })
  void room.history({ before: position, limit: 0 })
  void room.history({ after: position, before: position })
  expect(link.of('history').map(({ ref: _, ...frame }) => frame)).toEqual([
    { type: 'history', channel: 'room', limit: 5, after: position },
    { type: 'history', channel: 'room', limit: 1, before: position },
    { type: 'history', channel: 'room', limit: 100, after: position },
  ])
})

test('is sent again on the next link', async () => {
  const world = new World()
  const first = await world.connect()
  const history = world.client.channel('room').history()
  const second = await world.reconnect()
  expect(second.of('history')).toHaveLength(1)
  page(first)
  expect(await outcome(history)).toBe('pending')
  page(second)
  expect(await history).toMatchObject({ more: false })
})

test('has 10 s in all, reconnects included', async () => {
  const world = new World()
  const history = world.client.channel('room').history()
  await world.clock.advance(9_999)
  expect(await outcome(history)).toBe('pending')
  await world.clock.advance(1)
  await expect(history).rejects.toMatchObject({ code: 'TIMEOUT', retryable: true })
})

test('rejects with the error of the server', async () => {
  const world = new World()
  const link = await world.connect()
  const history = world.client.channel('room').history()
  link.say({ type: 'error', ref: link.last('history').ref, code: 'RATE_LIMITED', message: 'slow', retryAfterMs: 70 })
  await expect(history).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    message: 'slow',
    retryable: true,
    retryAfterMs: 70,
  })
})

test('gives up with its signal', async () => {
  const world = new World()
  await world.connect()
  const controller = new AbortController()
  const history = world.client.channel('room').history({ signal: controller.signal })
  await settled()
  controller.abort()
  expect(await outcome(history)).toBe('ABORTED')
  await world.client.close()
  expect(world.clock.pending).toBe(0)
})
