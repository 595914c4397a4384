import { Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { prometheus } from '../../src/metrics/index.js'
import { answer } from '../support/presence-room.js'
import { world } from '../support/world.js'

/** A world that counts, and the sum of a metric's values, or that of one part of it. */
function counting(options: Parameters<typeof world>[0] = {}) {
  const register = new Registry()
  const made = world({ metrics: prometheus({ register, labels: { node: 'a' } }), ...options })
  const value = async (name: string, part: Record<string, string> = {}): Promise<number> => {
    const metric = await register.getSingleMetric(`realtime_${name}`)?.get()
    if (!metric) throw new Error(`there is no realtime_${name}`)
    const wanted = Object.entries({ node: 'a', ...part })
    const fits = (labels: object) => wanted.every(([key, text]) => (labels as Record<string, unknown>)[key] === text)
    return metric.values.filter(({ labels }) => fits(labels)).reduce((sum, { value }) => sum + value, 0)
  }
  return { ...made, register, value }
}

describe('what a scrape shows', () => {
  test('links, sessions, channels and subscriptions, as they come and go', async () => {
    const { connected, clock, value } = counting()
    const [a, b] = [await connected(), await connected()]
    await a.subscribe({ channel: 'c', generation: 1 })
    await b.subscribe({ channel: 'c', generation: 1 })
    await b.subscribe({ channel: 'd', generation: 1 })
    const now = () => Promise.all(['connections', 'sessions', 'channels', 'subscriptions'].map((name) => value(name)))
    expect(await now()).toEqual([2, 2, 2, 3])
    await b.cut()
    await clock.advance(20_000)
    expect(await now()).toEqual([1, 1, 1, 1])
    expect(await value('connections_opened_total')).toBe(2)
    expect(await value('connections_closed_total', { code: '1006' })).toBe(1)
  })

  test('members, and how often they came, went and were refused', async () => {
    const { connected, clock, server, value } = counting()
    server.channel('closed', { presence: false })
    const [a, b] = [await connected(), await connected()]
    for (const channel of ['c', 'd']) await answer(a, 'enter', 1, channel)
    await answer(a, 'enter', 2)
    await answer(b, 'enter', 1)
    await answer(b, 'enter', 1, 'closed')
    await answer(b, 'enter', 'x'.repeat(10_000))
    const now = () => Promise.all(['members', 'joins_total', 'leaves_total'].map((name) => value(`presence_${name}`)))
    expect(await now()).toEqual([3, 3, 0])
    expect(await value('presence_refused_total', { code: 'UNSUPPORTED' })).toBe(1)
    expect(await value('presence_refused_total', { code: 'TOO_LARGE' })).toBe(1)
    await answer(a, 'leave')
    await answer(a, 'leave')
    expect(await now()).toEqual([2, 3, 1])
    await b.cut()
    await clock.advance(5_000)
    expect(await now()).toEqual([2, 3, 1])
    await clock.advance(10_000)
    expect(await now()).toEqual([1, 3, 2])
  })

  test('messages and bytes, both ways, and how few writes carried them', async () => {
    const { connected, clock, server, value } = counting()
    const client = await connected()
    await client.subscribe({ channel: 'c', generation: 1 })
    const [frames, bytes, writes] = [
      await value('messages_total', { direction: 'out' }),
      await value('message_bytes_total', { direction: 'out' }),
      await value('writes_total'),
    ]
    for (let i = 0; i < 10; i++) void server.publish('c', i)
    await clock.settle()
    expect((await value('messages_total', { direction: 'out' })) - frames).toBe(10)
    expect((await value('writes_total')) - writes).toBe(1)
    expect((await value('message_bytes_total', { direction: 'out' })) - bytes).toBeGreaterThan(1_000)
    expect(await value('messages_total', { direction: 'in' })).toBe(2)
    expect(await value('message_bytes_total', { direction: 'in' })).toBe(client.receivedBytes)
    await client.cut()
    expect(await value('message_bytes_total', { direction: 'in' })).toBe(client.receivedBytes)
  })

  test('how long publishes, deliveries and answers to pings took', async () => {
    const { connected, clock, server, value } = counting()
    const client = await connected()
    await client.subscribe({ channel: 'c', generation: 1 })
    await server.publish('c', 1)
    expect(await value('publish_duration_seconds', { le: '+Inf' })).toBe(1)
    expect(await value('delivery_latency_seconds', { le: '+Inf' })).toBe(1)
    await clock.advance(25_500)
    await client.say({ type: 'pong' })
    expect(await value('ping_rtt_seconds', { le: '+Inf' })).toBe(1)
  })

  test('refusals by limit, and connects that were turned away', async () => {
    const { connected, link, value } = counting({
      authenticate: ({ token }) => (token === 'no' ? null : { user: null }),
      limits: { channels: 1 },
    })
    const client = await connected()
    await client.subscribe({ channel: 'a', generation: 1 })
    await client.subscribe({ channel: 'b', generation: 1 })
    expect(await value('limited_total', { limit: 'channels' })).toBe(1)
    await link().say({ type: 'connect', producer: 'p'.repeat(22), token: 'no' })
    expect(await value('auth_failures_total', { code: '4500' })).toBe(1)
  })

  test('slow subscribers, and the readings of the log that bring them back', async () => {
    const { connected, clock, server, value } = counting({
      limits: { sendQueueSoftBytes: 1_000, sendQueueHardBytes: 100_000 },
    })
    const client = await connected()
    await client.subscribe({ channel: 'c', generation: 1 })
    client.stall()
    for (let i = 0; i < 300; i++) await server.publish('c', 'x'.repeat(2_000))
    await clock.settle()
    expect(await value('slow_consumers_total')).toBe(1)
    expect(await value('outbound_queue_bytes')).toBeGreaterThan(1_000)
    const read = await value('recovered_messages_total')
    await client.resume()
    await clock.advance(1_000)
    expect(await value('recovered_messages_total')).toBeGreaterThan(read)
    expect(await value('recoveries_total', { result: 'whole' })).toBeGreaterThan(0)
  })

  test('failures of the backend, by operation', async () => {
    const { server, value } = counting({
      wrap: (backend) => ({
        join: (handler) => {
          const node = backend.join(handler)
          return { ...node, broker: { ...node.broker, publish: () => Promise.reject(new Error('away')) } }
        },
      }),
    })
    await expect(server.publish('c', 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await value('broker_errors_total', { operation: 'publish' })).toBe(1)
  })
})

test('every number has a name of its own, a help text, and no label that a stranger could fill', async () => {
  const { register } = counting()
  const metrics = await register.getMetricsAsJSON()
  expect(metrics.length).toBeGreaterThanOrEqual(20)
  for (const { name, help } of metrics) {
    expect(name).toMatch(/^realtime_[a-z_]+$/)
    expect(help.length).toBeGreaterThan(10)
  }
  const text = await register.metrics()
  const labels = new Set([...text.matchAll(/[{,](\w+)=/g)].map(([, label]) => label))
  expect([...labels].filter((label) => !['node', 'le', 'direction'].includes(label ?? ''))).toEqual([])
})

test('a second server on one registry is refused, so that no number is half a truth', () => {
  const register = new Registry()
  world({ metrics: prometheus({ register }) })
  expect(() => world({ metrics: prometheus({ register }) })).toThrow(/already been registered/)
})
