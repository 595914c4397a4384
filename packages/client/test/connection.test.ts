import { describe, expect, test } from 'vitest'
import { RealtimeClient, type ClientStateEvent } from '../src/index.js'
import { settled } from './support/settled.js'
import { connected, outcome, World } from './support/world.js'

describe('before anything is wanted', () => {
  test('constructing opens nothing, sets no timer and watches nothing', () => {
    const { links, clock, network, client } = new World()
    expect(links).toHaveLength(0)
    expect(clock.pending).toBe(0)
    expect(network.listeners.size).toBe(0)
    expect(client.state.status).toBe('idle')
  })

  test('an address that is not a WebSocket address is refused at the door', () => {
    expect(() => new RealtimeClient('example.test')).toThrow(TypeError)
    expect(() => new RealtimeClient('ws://example.test', { outbox: { ageMs: 240_001 } })).toThrow(/outbox.ageMs/)
    expect(() => new RealtimeClient('ws://example.test', { outbox: { ageMs: 240_000 } })).not.toThrow()
  })

  test.each(['subscribe', 'publish', 'history', 'connect', 'ready'] as const)('%s dials', async (what) => {
    const { client, links } = new World()
    const room = client.channel('room')
    if (what === 'subscribe') room.on('message', () => {})
    if (what === 'publish') void room.publish(1)
    if (what === 'history') void room.history()
    if (what === 'connect') client.connect()
    if (what === 'ready') void client.ready()
    await settled()
    expect(links).toHaveLength(1)
    expect(links[0]).toMatchObject({ url: 'wss://example.test/realtime', subprotocol: 'realtime.v1.json' })
  })

  test('listening for anything but messages does not dial', () => {
    const { client, links } = new World()
    client.on('state', () => {})
    for (const event of ['gap', 'state', 'rollback'] as const) client.channel('room').on(event, () => {})
    expect(links).toHaveLength(0)
  })
})

describe('connecting', () => {
  test('connect is the first frame, with the producer, and nothing follows before connected', async () => {
    const world = new World({ data: { tab: 1 } })
    world.client.channel('room').on('message', () => {})
    void world.client.channel('room').publish('hi')
    await settled()
    expect(world.link.sent).toEqual([])
    world.link.open()
    expect(world.link.sent).toMatchObject([{ type: 'connect', data: { tab: 1 }, subscriptions: [{ channel: 'room' }] }])
    expect(world.link.last('connect').producer).toHaveLength(22)
    world.client.channel('other').on('message', () => {})
    world.link.say({ type: 'ping' })
    expect(world.link.sent).toHaveLength(1)
    world.link.say(connected())
    expect(world.link.sent.map(({ type }) => type)).toEqual(['connect', 'subscribe', 'publish'])
  })

  test('states and the connected event tell the story', async () => {
    const world = new World()
    const states: ClientStateEvent[] = []
    const heard: unknown[] = []
    world.client.on('state', (state) => states.push(state))
    world.client.on('connected', (event) => heard.push(event))
    await world.connect({ hello: { motd: 'hi' }, expiresInMs: 5 })
    expect(states.map(({ previous, status }) => `${previous}>${status}`)).toEqual([
      'idle>connecting',
      'connecting>connected',
    ])
    expect(heard).toEqual([{ session: 's1', user: 'ada', resumed: false, hello: { motd: 'hi' }, expiresInMs: 5 }])
    expect(world.client).toMatchObject({ session: 's1', user: 'ada', hello: { motd: 'hi' } })
    await expect(world.client.ready()).resolves.toBeUndefined()
  })

  test('the producer stays the same, and the session is resumed with the latest token', async () => {
    const world = new World()
    const first = await world.connect({ session: { id: 's1', token: 'a' } })
    const second = await world.reconnect({ session: { id: 's1', token: 'b' }, resumed: true })
    const third = await world.reconnect()
    expect(first.last('connect').session).toBeUndefined()
    expect(second.last('connect').session).toEqual({ id: 's1', token: 'a' })
    expect(third.last('connect').session).toEqual({ id: 's1', token: 'b' })
    expect(new Set(world.links.map((link) => link.last('connect').producer)).size).toBe(1)
  })

  test('the data option is called for each connect, and a throw of it is told', async () => {
    let calls = 0
    const world = new World({
      data: () => {
        if (++calls === 2) throw new Error('no data')
        return calls
      },
    })
    const errors: unknown[] = []
    world.client.on('error', ({ error }) => errors.push(error))
    await world.connect()
    await world.reconnect()
    await world.reconnect()
    expect(world.links.map((link) => link.last('connect').data)).toEqual([1, undefined, 3])
    expect(errors).toEqual([new Error('no data')])
  })

  test('a link that is not connected within the connect timeout is given up', async () => {
    const world = new World({ connectTimeoutMs: 3_000 })
    world.client.connect()
    await world.clock.advance(2_000)
    world.link.open()
    await world.clock.advance(999)
    expect(world.link.hungUp).toBeUndefined()
    await world.clock.advance(1)
    expect(world.link.hungUp).toBeDefined()
    expect(world.client.state).toMatchObject({ status: 'connecting', attempt: 1 })
  })
})

describe('the back-off', () => {
  test('is 100 + random × min(20,000, 500 × 2^attempt), and says when it ends', async () => {
    const world = new World()
    world.random.next = 0.5
    world.client.connect()
    const waits: unknown[] = []
    for (let i = 0; i < 8; i++) {
      world.link.end()
      const { retryInMs, attempt } = world.client.state
      waits.push([attempt, retryInMs])
      const { length } = world.links
      await world.clock.advance((retryInMs ?? 0) - 1)
      expect(world.links).toHaveLength(length)
      await world.clock.advance(1)
      expect(world.links).toHaveLength(length + 1)
    }
    expect(waits).toEqual([
      [1, 350],
      [2, 600],
      [3, 1_100],
      [4, 2_100],
      [5, 4_100],
      [6, 8_100],
      [7, 10_100],
      [8, 10_100],
    ])
  })

  test('starts anew only after 30 s connected', async () => {
    const world = new World()
    await world.connect()
    world.link.end()
    await world.clock.advance(10_000)
    world.link.accept()
    await world.clock.advance(20_000)
    world.link.say({ type: 'ping' })
    world.link.end()
    expect(world.client.state.attempt).toBe(2)
    await world.clock.advance(10_000)
    world.link.accept()
    for (let i = 0; i < 2; i++) {
      await world.clock.advance(15_000)
      world.link.say({ type: 'ping' })
    }
    expect(world.client.state.attempt).toBe(0)
  })

  test("takes the server's retryAfterMs as a floor, also when the caller is in a hurry", async () => {
    const world = new World()
    await world.connect()
    world.link.say({ type: 'closing', code: 4000, reason: 'restart', retryAfterMs: 5_000 })
    world.link.end(1006)
    expect(world.client.state).toMatchObject({ retryInMs: 5_250, closeCode: 4000, reason: 'restart' })
    world.client.connect()
    world.network.tell('online')
    expect(world.client.state.retryInMs).toBe(5_000)
  })

  test('is cut to 100 ms by connect(), once and not again by calling it again', async () => {
    const world = new World()
    await world.connect()
    world.random.next = 0.99
    world.link.end()
    world.client.connect()
    expect(world.client.state.retryInMs).toBe(100)
    await world.clock.advance(60)
    world.client.connect()
    expect(world.client.state.retryInMs).toBe(40)
    await world.clock.advance(40)
    expect(world.links).toHaveLength(2)
  })

  test('takes an option that is undefined as one that was not given', () => {
    const reconnect = { minMs: undefined, baseMs: 0 } as unknown as { baseMs: number }
    const world = new World({ reconnect })
    world.client.connect()
    world.link.end()
    expect(world.client.state.retryInMs).toBe(100)
  })

  test('connect() during an attempt changes nothing', async () => {
    const world = new World()
    world.client.connect()
    world.client.connect()
    await settled()
    expect(world.links).toHaveLength(1)
  })
})

describe('the heartbeat', () => {
  test('a ping is answered by a pong', async () => {
    const link = await new World().connect()
    link.say({ type: 'ping' })
    expect(link.sent.at(-1)).toEqual({ type: 'pong' })
  })

  test('silence beyond the interval and 10 s ends the link; any frame counts as life', async () => {
    const world = new World()
    const link = await world.connect({ heartbeatMs: 20_000 })
    await world.clock.advance(29_000)
    link.text('{"type":"something-new"}')
    await world.clock.advance(29_999)
    expect(link.hungUp).toBeUndefined()
    await world.clock.advance(1)
    expect(link.hungUp).toMatchObject({ code: 4004 })
    expect(world.client.state.status).toBe('connecting')
  })

  test('a machine that slept pings, and goes on with a link that answers within 1 s', async () => {
    const world = new World()
    const link = await world.connect()
    world.clock.suspend(3_600_000)
    await world.clock.advance(0)
    expect(link.of('ping')).toHaveLength(1)
    await world.clock.advance(999)
    expect(link.hungUp).toBeUndefined()
    link.say({ type: 'pong' })
    await world.clock.advance(34_000)
    expect(link.hungUp).toBeUndefined()
    expect(world.client.state.status).toBe('connected')
  })

  test('an answer of a server that does not know pings is an answer', async () => {
    const world = new World()
    const link = await world.connect()
    world.clock.suspend(3_600_000)
    await world.clock.advance(0)
    link.say({ type: 'error', code: 'UNSUPPORTED', message: '', retryable: false })
    await world.clock.advance(34_000)
    expect(link.hungUp).toBeUndefined()
  })

  test('after a sleep, a link that stays silent for that 1 s is dead', async () => {
    const world = new World()
    const link = await world.connect()
    world.clock.suspend(3_600_000)
    await world.clock.advance(999)
    expect(link.hungUp).toBeUndefined()
    await world.clock.advance(1)
    expect(link.hungUp).toBeDefined()
  })

  test('waking up pings; several wake events neither end the link nor prolong the wait', async () => {
    const world = new World()
    const link = await world.connect()
    world.clock.suspend(3_600_000)
    world.network.tell('wake')
    world.network.tell('wake')
    world.network.tell('online')
    expect(link.of('ping')).toHaveLength(1)
    expect(link.hungUp).toBeUndefined()
    await world.clock.advance(1_000)
    expect(link.hungUp).toBeDefined()
  })

  test('a wake without a sight of sleep pings too, and gives the link 10 s, however often it is woken', async () => {
    const world = new World()
    const link = await world.connect()
    for (let i = 0; i < 4; i++) {
      world.network.tell('wake')
      await world.clock.advance(2_499)
    }
    expect(link.of('ping')).toHaveLength(4)
    expect(link.hungUp).toBeUndefined()
    await world.clock.advance(4)
    expect(link.hungUp).toMatchObject({ code: 4004 })
  })

  test('a wake leaves a link alone that is being opened', async () => {
    const world = new World()
    world.client.connect()
    await settled()
    world.link.open()
    world.network.tell('wake')
    await world.clock.advance(9_999)
    expect(world.link.sent.map(({ type }) => type)).toEqual(['connect'])
    expect(world.link.hungUp).toBeUndefined()
  })

  test('a page that is frozen or left closes its link, and dials when it is back', async () => {
    const world = new World()
    const link = await world.connect()
    world.network.tell('sleep')
    expect(link.hungUp).toEqual({ code: 1000, reason: 'asleep' })
    expect(world.client.state).toMatchObject({ status: 'connecting', offline: false })
    world.clock.suspend(3_600_000)
    world.network.tell('wake')
    await world.clock.advance(100)
    expect(world.links).toHaveLength(2)
  })
})

describe('the network', () => {
  test('nothing is dialled while offline; online dials after the shortest wait', async () => {
    const world = new World()
    world.network.online = false
    world.client.connect()
    await world.clock.advance(60_000)
    expect(world.links).toHaveLength(0)
    expect(world.client.state).toMatchObject({ status: 'connecting', offline: true })
    world.network.tell('online')
    await world.clock.advance(99)
    expect(world.links).toHaveLength(0)
    await world.clock.advance(1)
    expect(world.links).toHaveLength(1)
    expect(world.client.state.offline).toBe(false)
  })

  test('offline keeps the link and stops publishing; online goes on', async () => {
    const world = new World()
    const link = await world.connect()
    world.network.tell('offline')
    void world.client.channel('room').publish('hi')
    await settled()
    expect(link.of('publish')).toHaveLength(0)
    expect(world.client.outbox).toMatchObject([{ state: 'queued', data: 'hi' }])
    expect(link.hungUp).toBeUndefined()
    world.network.tell('online')
    expect(link.of('publish')).toHaveLength(1)
  })

  test('says no time of the next attempt while offline, since there is none', async () => {
    const world = new World()
    await world.connect()
    world.link.end()
    expect(world.client.state).toMatchObject({ retryInMs: 350, retryAt: 1_350 })
    world.network.tell('offline')
    expect(world.client.state).toMatchObject({ offline: true, retryInMs: undefined, retryAt: undefined })
    world.network.tell('online')
    expect(world.client.state).toMatchObject({ retryInMs: 100 })
  })

  test('a back-off that ends while offline waits for the network', async () => {
    const world = new World()
    const link = await world.connect()
    world.network.tell('offline')
    link.end()
    await world.clock.advance(60_000)
    expect(world.links).toHaveLength(1)
    world.network.tell('online')
    await world.clock.advance(100)
    expect(world.links).toHaveLength(2)
  })
})

describe('a link that is gone', () => {
  test('says nothing that counts any more', async () => {
    const world = new World()
    const heard: unknown[] = []
    world.client.channel('room').on('message', ({ offset }) => heard.push(offset))
    const old = await world.connect()
    old.subscribed('room', 'e', 1)
    await world.clock.advance(36_000)
    expect(old.hungUp).toBeDefined()
    old.publish('room', 'e', 2)
    old.end(4501, 'late')
    old.open()
    expect(world.client.state.status).toBe('connecting')
    expect(heard).toEqual([])
  })

  test('one that speaks nonsense is closed with 4502, and the client comes back', async () => {
    const world = new World()
    const link = await world.connect()
    link.text('{"type":"gap"}')
    expect(link.hungUp).toMatchObject({ code: 4502 })
    expect(world.client.state).toMatchObject({ status: 'connecting', reason: 'malformed' })
  })
})

describe('closing', () => {
  test('says goodbye, closes with 1000, and leaves no timer and no watcher', async () => {
    const world = new World()
    const link = await world.connect()
    world.client.channel('room').on('message', () => {})
    await world.client.close()
    await world.client.close()
    expect(link.sent.at(-1)).toEqual({ type: 'goodbye' })
    expect(link.of('goodbye')).toHaveLength(1)
    expect(link.hungUp).toEqual({ code: 1000, reason: '' })
    expect(world.clock.pending).toBe(0)
    expect(world.network.listeners.size).toBe(0)
    expect(world.client.state).toMatchObject({ status: 'closed', error: undefined })
  })

  test('settles what waits: never sent CLOSED, sent UNKNOWN_OUTCOME, the rest CLOSED', async () => {
    const world = new World()
    await world.connect({ limits: { messageBytes: 65_536, channels: 128, inFlight: 1 } })
    const room = world.client.channel('room')
    room.on('message', () => {})
    const waits = [room.publish(1), room.publish(2), room.history(), room.ready()]
    await settled()
    const closed = world.client.close()
    expect(await Promise.all(waits.map(outcome))).toEqual(['UNKNOWN_OUTCOME', 'CLOSED', 'CLOSED', 'CLOSED'])
    await closed
  })

  test('afterwards nothing dials, and everything says CLOSED', async () => {
    const world = new World()
    await world.client.close()
    const room = world.client.channel('room')
    world.client.connect()
    room.on('message', () => {})
    expect(await outcome(room.publish(1))).toBe('CLOSED')
    expect(await outcome(room.history())).toBe('CLOSED')
    expect(await outcome(room.ready())).toBe('CLOSED')
    expect(await outcome(world.client.ready())).toBe('CLOSED')
    expect(await outcome(room.messages().next())).toBe('CLOSED')
    await world.clock.advance(60_000)
    expect(world.links).toHaveLength(0)
  })

  test('in the middle of a dial hangs up', async () => {
    const world = new World()
    world.client.connect()
    await settled()
    await world.client.close()
    expect(world.link.hungUp).toBeDefined()
    expect(world.link.sent).toEqual([])
  })

  test('`await using` closes, where the runtime knows it', async () => {
    const world = new World()
    await world.client[Symbol.asyncDispose]()
    expect(world.client.state.status).toBe('closed')
  })
})
