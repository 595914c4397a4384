import { expect, test } from 'vitest'
import { RealtimeServer } from '../../src/index.js'
import { MemoryLink } from '../support/memory-link.js'
import { world } from '../support/world.js'

test('close says closing on every link, then closes it with 4000', async () => {
  const { server, connected, link, clock } = world()
  const clients = [await connected(), await connected(), link()]
  await server.close()
  await clock.settle()
  for (const client of clients) {
    expect(client.heard.at(-1)).toEqual({ type: 'closing', code: 4000, reason: 'the server is going away' })
    expect(client.end).toEqual({ code: 4000, reason: 'the server is going away' })
  }
  expect(server.connections).toBe(0)
})

test('what was said before close still goes out, in order', async () => {
  const { server, connected } = world()
  const client = await connected()
  await client.subscribe({ channel: 'c', generation: 1 })
  client.take()
  await server.publish('c', 1)
  await server.close()
  expect(client.take().map(({ type }) => type)).toEqual(['publication', 'closing'])
})

test('a closed server turns new links away with 4000 and keeps none', async () => {
  const { server, clock } = world()
  await server.close()
  const late = new MemoryLink(clock, server)
  expect([late.end?.code, server.connections]).toEqual([4000, 0])
})

test('a closed server leaves no timer behind', async () => {
  const { server, connected, clock } = world()
  const clients = [await connected(), await connected()]
  for (const client of clients) await client.subscribe({ channel: 'c', generation: 1 })
  await clients[0]?.cut()
  await server.close()
  await clock.settle()
  expect(clock.pending).toBe(0)
})

test('links that have ended leave no deadlines behind: those of the node and of its backend are all', async () => {
  const { link, connected, clock } = world()
  const before = clock.pending
  const clients = [link(), await connected(), await connected()]
  await clients[1]?.subscribe({ channel: 'c', generation: 1 })
  for (const client of clients) await client.cut()
  // The wheel goes round once more, and the channel lingers for 10 s.
  await clock.advance(600)
  expect(clock.pending).toBe(before + 1)
  await clock.advance(10_000)
  expect(clock.pending).toBe(before)
})

test('a channel whose last link was cut is let go of 10 s later', async () => {
  const unsubscribed: string[] = []
  const { connected, clock } = world({
    wrap: (backend) => ({
      join(handler) {
        const node = backend.join(handler)
        const unsubscribe = (channel: string) => (unsubscribed.push(channel), node.broker.unsubscribe(channel))
        return { ...node, broker: { ...node.broker, unsubscribe } }
      },
    }),
  })
  const [first, second] = [await connected(), await connected()]
  for (const client of [first, second]) await client.subscribe({ channel: 'c', generation: 1 })
  await first.cut()
  await clock.advance(20_000)
  expect(unsubscribed).toEqual([])
  await second.cut()
  await clock.advance(9_999)
  expect(unsubscribed).toEqual([])
  await clock.advance(1)
  expect(unsubscribed).toEqual(['c'])
})

test('closing twice is closing once', async () => {
  const { server } = world()
  expect(server.close()).toBe(server.close())
  await server.close()
})

test('one of two servers on a backend closes alone: clients resume on the other and miss nothing', async () => {
  const { server, node, link, connected, clock } = world()
  const other = node()
  const client = link()
  const { session } = await client.connect({ subscriptions: [{ channel: 'c', generation: 1 }] })
  await server.publish('c', 1)
  await clock.settle()
  await server.close()
  await other.publish('c', 2)
  const { epoch, offset } = client.only('publication')
  const again = await connected(other, {
    session,
    subscriptions: [{ channel: 'c', generation: 2, since: { epoch, offset } }],
  })
  expect(again.only('connected').resumed).toBe(true)
  expect(again.offsets()).toEqual([2])
})

test('a log outlives its server as long as the backend does', async () => {
  const { server, backend, clock } = world()
  const { epoch } = await server.publish('c', 1)
  await server.close()
  const next = new RealtimeServer(undefined, { backend, clock })
  next.channel('{name}', { subscribe: true })
  expect((await next.publish('c', 2)).epoch).toBe(epoch)
  expect((await next.history('c')).publications.map(({ data }) => data)).toEqual([1, 2])
  await next.close()
})
