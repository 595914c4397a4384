import { RealtimeClient, type ClientOptions } from '@org/realtime-client'
import { memory, RealtimeServer, type ServerOptions } from '@org/realtime-server'
import { connectPair, seededRandom, VirtualClock, type PairOptions } from '@org/realtime-server/testing'
import { describe, expect, test } from 'vitest'

function setUp({ latencyMs, handshake, ...options }: Omit<PairOptions, 'clock'> & ServerOptions = {}) {
  const clock = new VirtualClock({ now: 0 })
  const random = seededRandom(0)
  const server = new RealtimeServer(undefined, { ...options, backend: memory({ clock, random }), clock, random })
  server.channel('{name}', { subscribe: true, publish: true })
  const pair = connectPair(server, { clock, ...(latencyMs ? { latencyMs } : {}), ...(handshake ? { handshake } : {}) })
  const client = (options: ClientOptions = {}) => new RealtimeClient('ws://test/app', { ...pair.options, ...options })
  return { clock, server, pair, client }
}

/** The data of the messages of a channel, as they come. */
function heard(client: RealtimeClient, channel = 'room'): unknown[] {
  const all: unknown[] = []
  client.channel(channel).on('message', ({ data }) => void all.push(data))
  return all
}

describe('a pair', () => {
  test('joins a real client to a real server without any time of the machine', async () => {
    const { clock, server, client } = setUp()
    const ada = client()
    const messages = heard(ada)
    await clock.until(ada.channel('room').ready())
    expect(await clock.until(ada.channel('room').publish('hi'))).toMatchObject({ offset: 1 })
    await server.publish('room', 'from the server')
    await clock.settle()
    expect(messages).toEqual(['hi', 'from the server'])
    expect(clock.now()).toBe(0)
  })

  test('delivers nothing in the turn it was sent', async () => {
    const { clock, server, client } = setUp()
    const ada = client()
    const messages = heard(ada)
    await clock.until(ada.channel('room').ready())
    await server.publish('room', 1)
    for (let i = 0; i < 100; i++) await Promise.resolve()
    expect(messages).toEqual([])
    await clock.settle()
    expect(messages).toEqual([1])
  })

  test('takes its latency each way', async () => {
    const { clock, client } = setUp({ latencyMs: 20 })
    const ada = client()
    await clock.until(ada.ready())
    // The handshake there and back, then `connect` and `connected`.
    expect(clock.now()).toBe(80)
    await clock.until(ada.call('unknown').catch(() => undefined))
    expect(clock.now()).toBe(120)
  })

  test('tells the server the address, headers and path that a test chose', async () => {
    const asked: unknown[] = []
    const { clock, client } = setUp({
      handshake: { headers: { cookie: 'session=ada' }, remoteAddress: '192.0.2.7' },
      authenticate: ({ handshake }) => {
        asked.push(handshake)
        return { user: { id: 'ada' } }
      },
    })
    await clock.until(client().ready())
    expect(asked).toEqual([{ url: '/app', headers: { cookie: 'session=ada' }, remoteAddress: '192.0.2.7' }])
  })

  test('gives each client ids of its own', async () => {
    const { clock, server, pair } = setUp()
    const ids = [pair, pair, connectPair(server, { clock })].map(({ options }) => options.random.id())
    expect(new Set(ids).size).toBe(3)
  })
})

describe('a link that is cut', () => {
  test('comes back by itself and loses nothing', async () => {
    const { clock, server, pair, client } = setUp({ latencyMs: 5 })
    const ada = client()
    const messages = heard(ada)
    await clock.until(ada.channel('room').ready())
    await server.publish('room', 1)
    pair.cut()
    await clock.settle()
    expect([ada.state.status, server.connections]).toEqual(['connecting', 0])
    await server.publish('room', 2)
    await clock.advance(1_000)
    expect(ada.state.status).toBe('connected')
    expect(messages).toEqual([1, 2])
  })

  test('takes with it what was under way', async () => {
    const { clock, pair, client } = setUp({ latencyMs: 5 })
    const ada = client()
    await clock.until(ada.ready())
    const call = ada.call('unknown').catch((error: { code: string }) => error.code)
    pair.cut()
    expect(await clock.until(call)).toBe('UNKNOWN_OUTCOME')
  })

  test('stays away while it is unplugged, and comes back when it is plugged in', async () => {
    const { clock, pair, client } = setUp()
    const ada = client()
    await clock.until(ada.ready())
    pair.unplug()
    await clock.advance(120_000)
    expect(ada.state).toMatchObject({ status: 'connecting', closeCode: 1006 })
    expect(ada.state.attempt).toBeGreaterThan(3)
    pair.plug()
    await clock.until(ada.ready())
    expect(ada.state.status).toBe('connected')
  })
})

describe('a link that is stalled', () => {
  test('is silent both ways until it is resumed, and keeps the order', async () => {
    const { clock, server, pair, client } = setUp({ latencyMs: 5 })
    const ada = client()
    const messages = heard(ada)
    await clock.until(ada.channel('room').ready())
    await server.publish('room', 1)
    await clock.settle()
    pair.stall()
    await server.publish('room', 2)
    const published = ada.channel('room').publish(3)
    await clock.advance(1_000)
    expect([messages, ada.outbox.length]).toEqual([[], 1])
    pair.resume()
    await clock.until(published)
    await clock.advance(5)
    expect(messages).toEqual([1, 2, 3])
  })

  test('is given up by both ends in the end, and the next one is silent as well', async () => {
    const { clock, server, pair, client } = setUp()
    const ada = client()
    await clock.until(ada.ready())
    pair.stall()
    await clock.advance(60_000)
    expect([ada.state.status, server.connections]).toEqual(['connecting', 0])
    pair.resume()
    await clock.until(ada.ready())
    expect(server.connections).toBe(1)
  })

  test('towards the client is a slow reader: it gets the rest from the log', async () => {
    const limits = { sendQueueSoftBytes: 1_000, sendQueueHardBytes: 10_000 }
    const { clock, server, pair, client } = setUp({ limits })
    const ada = client()
    const messages = heard(ada)
    await clock.until(ada.channel('room').ready())
    pair.stall('to-client')
    const texts = Array.from({ length: 50 }, (_, i) => `${i} ${'x'.repeat(200)}`)
    for (const text of texts) {
      await server.publish('room', text)
      await clock.settle()
    }
    expect(messages).toEqual([])
    pair.resume('to-client')
    await clock.settle()
    expect(messages).toEqual(texts)
  })

  test('towards the client is told by a gap what the log has dropped meanwhile', async () => {
    const limits = { sendQueueSoftBytes: 1_000, sendQueueHardBytes: 10_000 }
    const { clock, server, pair, client } = setUp({ limits })
    server.channel('{name}', { subscribe: true, log: { messages: 10 } })
    const ada = client()
    const messages = heard(ada)
    const gaps: string[] = []
    ada.channel('room').on('gap', ({ reason, to }) => void gaps.push(`${reason} to ${to}`))
    await clock.until(ada.channel('room').ready())
    pair.stall('to-client')
    // More than a node keeps at hand.
    for (let i = 1; i <= 300; i++) {
      await server.publish('room', 'x'.repeat(200))
      await clock.settle()
    }
    pair.resume('to-client')
    await clock.settle()
    expect(gaps).toEqual(['slow to 290'])
    expect(messages.length).toBeLessThan(20)
  })
})

describe('a link that is ended', () => {
  test('by the server: the client hears the code, and all that was said before', async () => {
    const { clock, server, client } = setUp({ latencyMs: 5 })
    const ada = client()
    const messages = heard(ada)
    await clock.until(ada.channel('room').ready())
    await server.publish('room', 'last words')
    await clock.until(server.close())
    await clock.advance(10)
    expect(ada.state).toMatchObject({ status: 'connecting', closeCode: 4000 })
    expect(messages).toEqual(['last words'])
  })

  test('by the client: the server lets go of it, and no timer is left', async () => {
    const { clock, server, client } = setUp({ latencyMs: 5 })
    const idle = clock.pending
    const ada = client()
    await clock.until(ada.ready())
    await ada.close()
    await clock.advance(5_000)
    expect(server.connections).toBe(0)
    await clock.until(server.close())
    expect(clock.pending).toBeLessThanOrEqual(idle)
  })

  test('when the client speaks another protocol', async () => {
    const { clock, pair } = setUp()
    const ends: Array<readonly [number, string]> = []
    pair.transport.dial('ws://test', 'other', {
      opened: () => expect.unreachable(),
      message: () => expect.unreachable(),
      closed: (code, reason) => void ends.push([code, reason]),
    })
    expect(ends).toEqual([])
    await clock.settle()
    expect(ends).toEqual([[1002, 'subprotocol']])
  })
})

test('a latency that is no time is refused', () => {
  const { clock, server } = setUp()
  expect(() => connectPair(server, { clock, latencyMs: -1 })).toThrow(TypeError)
})
