import { describe, expect, test } from 'vitest'
import type { ServerOptions } from '../../src/index.js'
import { MemoryLink } from '../support/memory-link.js'
import { world } from '../support/world.js'

type World = ReturnType<typeof world>

/** A link from an address. */
function linkFrom({ clock, server }: World, remoteAddress: string): MemoryLink {
  return new MemoryLink(clock, server, { url: '/realtime', headers: {}, remoteAddress })
}

/** A link whose peer does not answer a close. */
class DeafLink extends MemoryLink {
  cuts = 0
  override close(code: number, reason: string): void {
    this.end ??= { code, reason }
  }
  override terminate(): void {
    this.cuts += 1
    const { end } = this
    this.end = undefined
    super.close(end?.code ?? 1006, '')
  }
}

function deaf({ clock, server }: World): DeafLink {
  return new DeafLink(clock, server)
}

/** The limits that were met, as they were reported. */
function limited({ logger }: World): unknown[] {
  return logger.lines.filter(({ message }) => message === 'limited').map(({ fields }) => fields?.['limit'])
}

const SMALL: NonNullable<ServerOptions['limits']> = { messagesPerSecond: 2, messageBurst: 4, excessMessages: 64 }

describe('the rate of a link', () => {
  test('100 messages at once are served, the next request is RATE_LIMITED for a second, and served then', async () => {
    const w = world()
    const client = await w.connected()
    for (let i = 0; i < 100; i++) expect(await client.publish('c', i)).toMatchObject({ type: 'reply' })
    expect(await client.publish('c', 100)).toMatchObject({
      type: 'error',
      code: 'RATE_LIMITED',
      retryable: true,
      retryAfterMs: 1_000,
    })
    await w.clock.advance(1_000)
    for (let i = 0; i < 50; i++) expect(await client.publish('c', i)).toMatchObject({ type: 'reply' })
    expect(await client.publish('c', 0)).toMatchObject({ code: 'RATE_LIMITED' })
    expect(client.end).toBeUndefined()
    expect(limited(w)).toEqual(['messagesPerSecond', 'messagesPerSecond'])
  })

  test('each kind of request is refused in its own way, and the application is not asked', async () => {
    const w = world({ rules: false, limits: { ...SMALL, messageBurst: 1 } })
    let asked = 0
    w.server.channel('{name}', { subscribe: () => Boolean(++asked), publish: () => Boolean(++asked) })
    const client = await w.connected()
    await client.say({ type: 'pong' })
    client.take()
    await client.say({ type: 'publish', ref: 1, channel: 'c', id: 'm', data: 1 })
    await client.say({ type: 'history', ref: 2, channel: 'c', limit: 1 })
    await client.subscribe({ channel: 'c', generation: 7 })
    await client.sayText('{"type":"of tomorrow","ref":3}')
    await client.sayText('{"type":"of tomorrow"}')
    const refusal = { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 500 }
    const heard = client.take()
    expect(heard).toMatchObject([
      { type: 'error', ref: 1, ...refusal },
      { type: 'error', ref: 2, ...refusal },
      { type: 'unsubscribed', channel: 'c', generation: 7, ...refusal },
      { type: 'error', ref: 3, ...refusal },
      { type: 'error', ...refusal },
    ])
    expect(heard[4]).not.toHaveProperty('ref')
    expect(asked).toBe(0)
  })

  test('what may get lost is dropped without a word', async () => {
    const w = world({ limits: { ...SMALL, messageBurst: 1 } })
    const client = await w.connected()
    await client.say({ type: 'pong' })
    client.take()
    await client.say({ type: 'send', channel: 'c', id: 'm', data: 1 })
    expect(client.take()).toEqual([])
    expect(limited(w)).toEqual(['messagesPerSecond'])
  })

  test('what belongs to a request of the server is never taken for one of the client', async () => {
    const w = world({ limits: { ...SMALL, messageBurst: 1 } })
    const client = await w.connected()
    await client.say({ type: 'pong' })
    client.take()
    await client.say({ type: 'result', ref: 1 })
    await client.say({ type: 'error', ref: 1, code: 'INTERNAL', message: '' })
    await client.say({ type: 'cancel', ref: 1 })
    expect(client.take()).toEqual([])
  })

  test('pong and unsubscribe are never refused, but count', async () => {
    const w = world({ limits: SMALL })
    const client = await w.connected()
    await client.subscribe({ channel: 'c', generation: 1 })
    for (let i = 0; i < 3; i++) await client.say({ type: 'pong' })
    expect(await client.publish('c', 1)).toMatchObject({ code: 'RATE_LIMITED' })
    await client.say({ type: 'unsubscribe', channel: 'c', generation: 1 })
    await w.server.publish('c', 2)
    await w.clock.settle()
    expect(client.all('publication')).toEqual([])
    expect(client.end).toBeUndefined()
  })

  test('a goodbye is always heard', async () => {
    const w = world({ limits: { ...SMALL, messageBurst: 1 } })
    const client = await w.connected()
    for (let i = 0; i < 65; i++) await client.say({ type: 'pong' })
    await client.say({ type: 'goodbye' })
    expect(client.end).toEqual({ code: 1000, reason: '' })
  })

  test('a peer that goes on for too long is closed with 4504, whatever it sends', async () => {
    const sends: Array<(client: MemoryLink, i: number) => void> = [
      (client, i) => client.tell({ type: 'publish', ref: i, channel: 'c', id: 'm', data: 1 }),
      (client, i) => client.tell({ type: 'subscribe', channel: 'c', generation: i + 1 }),
      (client) => client.tell({ type: 'pong' }),
      (client) => client.tellText('{"type":"of tomorrow"}'),
    ]
    for (const send of sends) {
      const w = world({ limits: SMALL })
      const client = await w.connected()
      for (let i = 0; i < 4 + 64; i++) send(client, i)
      await w.clock.settle()
      expect(client.end).toBeUndefined()
      send(client, 68)
      await w.clock.settle()
      expect(client.only('closing')).toMatchObject({ code: 4504 })
      expect(client.end).toMatchObject({ code: 4504 })
      expect(limited(w).at(-1)).toBe('excessMessages')
    }
  })

  test('bytes above bytesPerSecond are RATE_LIMITED, and closed with 4504 when as many again come', async () => {
    const w = world({ limits: { bytesPerSecond: 65_536 } })
    const client = await w.connected()
    // Counted from the socket: whether they make a frame does not matter.
    expect(await client.publish('c', 0)).toMatchObject({ type: 'reply' })
    client.receivedBytes += 4 * 65_536 - 200
    expect(await client.publish('c', 1)).toMatchObject({ type: 'reply' })
    client.receivedBytes += 200
    const refused = await client.publish('c', 2)
    expect(refused).toMatchObject({ type: 'error', code: 'RATE_LIMITED', retryable: true })
    await w.clock.advance('retryAfterMs' in refused ? (refused.retryAfterMs ?? 0) : 0)
    client.receivedBytes += 2 * 65_536 - 200
    expect(await client.publish('c', 2)).toMatchObject({ type: 'reply' })
    expect(client.end).toBeUndefined()
    client.receivedBytes += 4 * 65_536 + 1_000
    await client.say({ type: 'ping' })
    expect(client.end?.code).toBe(4504)
    expect(limited(w)).toEqual(['bytesPerSecond', 'bytesPerSecond'])
  })

  test('pings below the protocol count as frames that are served', async () => {
    const w = world({ limits: SMALL })
    const client = await w.connected()
    for (let i = 0; i < 4; i++) client.pinged()
    expect(await client.publish('c', 1)).toMatchObject({ code: 'RATE_LIMITED' })
    expect(client.end).toBeUndefined()
    for (let i = 0; i < 64; i++) client.pinged()
    await w.clock.settle()
    expect(client.end?.code).toBe(4504)
    expect(limited(w)).toEqual(['messagesPerSecond', 'excessMessages'])
  })

  test('pings of a link that has yet to connect count as well', async () => {
    const w = world({ limits: SMALL })
    const stranger = w.link()
    for (let i = 0; i < 69; i++) stranger.pinged()
    await w.clock.settle()
    expect(stranger.end?.code).toBe(4504)
  })

  test('a pause makes up for it', async () => {
    const w = world({ limits: SMALL })
    const client = await w.connected()
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 60; i++) client.tell({ type: 'pong' })
      await w.clock.advance(5_000)
    }
    expect(client.end).toBeUndefined()
  })

  test('one link that is over its rate leaves the others alone', async () => {
    const w = world({ limits: SMALL })
    const [noisy, quiet] = [await w.connected(), await w.connected()]
    for (let i = 0; i < 60; i++) noisy.tell({ type: 'pong' })
    expect(await quiet.publish('c', 1)).toMatchObject({ type: 'reply' })
  })

  test('clients are told the rate', async () => {
    const client = world({ limits: SMALL }).link()
    expect((await client.connect()).limits).toMatchObject({ messagesPerSecond: 2, messageBurst: 4 })
  })
})

describe('the number of links', () => {
  test('above `connections` is closed with 4006 and a time to come back, and below it is taken again', async () => {
    const w = world({ limits: { connections: 2 } })
    const clients = [await w.connected(), await w.connected()]
    const late = w.link()
    await w.clock.settle()
    expect(late.only('closing')).toMatchObject({ code: 4006, retryAfterMs: 5_000 })
    expect(late.end).toMatchObject({ code: 4006 })
    expect(w.server.connections).toBe(2)
    await clients[0]?.cut()
    await w.connected()
    expect(limited(w)).toEqual(['connections'])
    expect(w.logger.of('warn')).toEqual(['links are refused by connections'])
  })

  test('of one address above `connectionsPerAddress` is closed with 4006, of another one not', async () => {
    const w = world({ limits: { connectionsPerAddress: 2 } })
    for (const address of ['2001:db8::1', '2001:db8::2']) await linkFrom(w, address).connect()
    const [third, other] = [linkFrom(w, '2001:db8::3'), linkFrom(w, '2001:db8:0:1::3')]
    await w.clock.settle()
    expect([third.end?.code, other.end]).toEqual([4006, undefined])
    expect(limited(w)).toEqual(['connectionsPerAddress'])
  })

  test('that are not authenticated above `handshakes` is closed with 4006, until some are', async () => {
    const w = world({ limits: { handshakes: 2 } })
    const [one] = [w.link(), w.link()]
    const late = w.link()
    await w.clock.settle()
    expect(late.end?.code).toBe(4006)
    await one.connect()
    const next = w.link()
    await w.clock.settle()
    expect(next.end).toBeUndefined()
  })

  test('is logged once a minute, however many are refused', async () => {
    const w = world({ limits: { connections: 1 } })
    for (const lines of [1, 2]) {
      for (let i = 0; i < 30; i++) w.link()
      expect(w.logger.of('warn')).toHaveLength(lines)
      await w.clock.advance(60_000)
    }
  })

  const ends: Record<string, (w: World, link: MemoryLink) => Promise<unknown>> = {
    'is cut': (_, link) => link.cut(),
    'says goodbye': async (_, link) => (await link.connect(), link.say({ type: 'goodbye' })),
    'says goodbye before it is connected': (_, link) => link.say({ type: 'goodbye' }),
    'never connects': (w) => w.clock.advance(10_500),
    'breaks the protocol': (_, link) => link.sayText('no frame'),
    'sends what is too big': (_, link) => link.sayText('x'.repeat(65_537)),
    'is turned away': (_, link) => link.say({ type: 'connect', producer: 'p'.repeat(22), token: 'wrong' }),
    'says nothing after a ping': async (w, link) => (await link.connect(), w.clock.advance(40_000)),
    expires: async (w, link) => (await link.connect({ token: 'short' }), w.clock.advance(2_000)),
    'is cut while it is authenticated': async (w, link) => {
      link.tell({ type: 'connect', producer: 'p'.repeat(22), token: 'slow' })
      await link.cut()
      await w.clock.advance(1_000)
    },
  }

  test.each(Object.entries(ends))('goes down when a link %s', async (_, end) => {
    const w = world({
      limits: { connections: 1, handshakes: 1, connectionsPerAddress: 1 },
      authenticate: async ({ token }) => {
        if (token === 'slow') await new Promise<void>((resolve) => void w.clock.setTimer(resolve, 500))
        if (token === 'wrong') return null
        return { user: null, ...(token === 'short' ? { expiresAt: w.clock.date() + 1_000 } : {}) }
      },
    })
    for (let round = 0; round < 3; round++) {
      const link = w.link()
      await end(w, link)
      await w.clock.settle()
      expect(link.all('closing').map(({ code }) => code)).not.toContain(4006)
    }
    await w.connected()
  })

  test('goes down when a session moves to another link, and when a link is refused', async () => {
    const w = world({ limits: { connections: 2 } })
    const first = w.link()
    const { session } = await first.connect()
    for (let i = 0; i < 5; i++) w.link()
    await w.clock.advance(20_000)
    const second = w.link()
    expect((await second.connect({ session })).resumed).toBe(true)
    expect(first.end?.code).toBe(4002)
    await w.connected()
  })
})

describe('a peer that does not answer a close', () => {
  test('is cut a second later when it was never connected, and takes up its place until then', async () => {
    const w = world({ limits: { connections: 1 } })
    const silent = deaf(w)
    await w.clock.advance(10_500)
    expect(silent.end?.code).toBe(4007)
    expect([silent.cuts, w.link().end?.code]).toEqual([0, 4006])
    await w.clock.advance(1_500)
    expect(silent.cuts).toBe(1)
    await w.connected()
  })

  test('has five seconds when it was connected', async () => {
    const w = world()
    const link = deaf(w)
    await link.connect()
    await link.sayText('no frame')
    expect(link.end?.code).toBe(4502)
    await w.clock.advance(4_900)
    expect(link.cuts).toBe(0)
    await w.clock.advance(700)
    expect(link.cuts).toBe(1)
  })
})

describe('each refusal is counted under the name of its limit:', () => {
  const never = () => new Promise<boolean>(() => undefined)
  const publish = (ref: number, channel = 'c', data: unknown = 1) =>
    ({ type: 'publish', ref, channel, id: `m${ref}`, data }) as const

  const refusals: Record<string, (w: World, link: MemoryLink) => unknown> = {
    messageBytes: (_, link) => link.sayText('x'.repeat(65_537)),
    connectTimeoutMs: (w) => w.clock.advance(10_500),
    channels: async (_, link) => {
      await link.connect()
      for (const channel of ['c1', 'c2']) await link.subscribe({ channel, generation: 1 })
    },
    inFlight: async (_, link) => {
      await link.connect()
      for (let ref = 1; ref <= 3; ref++) await link.say(publish(ref, 'slow'))
    },
    'inFlight by sends': async (_, link) => {
      await link.connect()
      for (let n = 1; n <= 3; n++) await link.say({ type: 'send', channel: 'slow', id: `m${n}`, data: 1 })
    },
    inboxFrames: async (_, link) => {
      await link.connect()
      for (let ref = 1; ref <= 5; ref++) await link.say(publish(ref, `slow${ref}`))
    },
    logBytes: async (_, link) => {
      await link.connect()
      await link.say(publish(1, 'c', 'x'.repeat(3_000)))
    },
    heartbeatTimeoutMs: async (w, link) => {
      await link.connect()
      await w.clock.advance(40_000)
    },
    sendQueueHardBytes: async (_, link) => {
      await link.connect()
      link.stall()
      for (let i = 0; i < 40; i++) await link.sayText(JSON.stringify({ type: 'x'.repeat(60) }))
    },
  }

  test.each(Object.entries(refusals))('%s', async (name, refused) => {
    const w = world({
      rules: false,
      limits: {
        channels: 1,
        inFlight: 2,
        inboxFrames: 4,
        logBytes: 2_000,
        sendQueueSoftBytes: 1_000,
        sendQueueHardBytes: 2_000,
      },
    })
    w.server.channel('{name}', { subscribe: true, publish: ({ channel }) => channel === 'c' || never() })
    await refused(w, w.link())
    await w.clock.settle()
    expect(new Set(limited(w))).toEqual(new Set([name.split(' ', 1)[0]]))
  })

  test('messageBytes, when the WebSocket layer judged the length', async () => {
    const w = world()
    const link = await w.connected()
    link.close(1009, '')
    await w.clock.settle()
    expect(limited(w)).toEqual(['messageBytes'])
  })
})
