import { CLOSE_CODES, RESERVED_FRAMES } from '@org/realtime-protocol'
import { expect, test } from 'vitest'
import type { Credentials } from '../../src/index.js'
import { PRODUCER } from '../support/memory-link.js'
import { world } from '../support/world.js'

const CONNECT = JSON.stringify({ type: 'connect', producer: PRODUCER })

test('the answer to connect says who one is and what the server accepts', async () => {
  const { link } = world()
  const client = link()
  const connected = await client.connect()
  expect(client.heard).toHaveLength(1)
  expect(connected).toEqual({
    type: 'connected',
    session: { id: expect.any(String) as string, token: expect.any(String) as string },
    resumed: false,
    user: null,
    heartbeatMs: 25_000,
    limits: { messageBytes: 65_536, channels: 128, inFlight: 64, messagesPerSecond: 50, messageBurst: 100 },
  })
  expect(connected.session.token.length).toBeGreaterThanOrEqual(43)
})

test.each([
  ['a subscribe', { type: 'subscribe', channel: 'c', generation: 1 }],
  ['a publish', { type: 'publish', ref: 1, channel: 'c', id: 'm', data: 1 }],
  ['a history', { type: 'history', ref: 1, channel: 'c', limit: 1 }],
  ['a ping', { type: 'ping' }],
  ['a pong', { type: 'pong' }],
  ['an unsubscribe', { type: 'unsubscribe', channel: 'c', generation: 1 }],
  ['a goodbye', { type: 'goodbye' }],
  ['a frame of an unknown type', { type: 'presence' }],
])('%s before connect ends the link with 4502, and closing says so', async (_, frame) => {
  const { link, server } = world()
  const client = link()
  await client.sayText(JSON.stringify(frame))
  expect(client.end?.code).toBe(4502)
  expect(client.only('closing')).toMatchObject({ code: 4502, reason: client.end?.reason })
  expect(server.connections).toBe(0)
})

test.each([
  ['no JSON', '{'],
  ['an empty message', ''],
  ['a list', '[]'],
  ['no type', '{"channel":"c"}'],
  ['a field that breaks its rule', '{"type":"subscribe","channel":"","generation":1}'],
  ['seq without lowest', '{"type":"publish","ref":1,"channel":"c","id":"m","data":1,"seq":1}'],
])('%s ends an open link with 4502', async (_, text) => {
  const { connected, logger } = world()
  const client = await connected()
  await client.sayText(text)
  expect(client.end?.code).toBe(4502)
  expect(client.heard.at(-1)?.type).toBe('closing')
  expect(logger.of('warn')).toContain('bad frame')
})

test('a malformed connect ends the link with 4502', async () => {
  const client = world().link()
  await client.sayText('{"type":"connect","producer":"short"}')
  expect(client.end).toEqual({ code: 4502, reason: 'producer: expected 22 to 64 characters' })
})

test('a binary message ends the link with 4502, before connect and after', async () => {
  const { link, connected } = world()
  for (const client of [link(), await connected()]) {
    await client.sayBinary()
    expect(client.end?.code).toBe(4502)
  }
})

test('a second connect ends the link with 4502', async () => {
  const client = await world().connected()
  await client.sayText(CONNECT)
  expect(client.end?.code).toBe(4502)
})

test('a frame between connect and connected ends the link with 4502, and the session goes nowhere', async () => {
  let admit = (): void => undefined
  const { link, clock, server } = world({
    authenticate: () => new Promise((resolve) => void (admit = () => resolve({ user: null }))),
  })
  const client = link()
  await client.sayText(CONNECT)
  await client.sayText('{"type":"subscribe","channel":"c","generation":1}')
  expect(client.end?.code).toBe(4502)
  admit()
  await clock.settle()
  expect(client.heard.map(({ type }) => type)).toEqual(['closing'])
  expect(server.connections).toBe(0)
})

test('a close reason is cut to 123 bytes between two characters', async () => {
  const client = world().link()
  await client.sayText(JSON.stringify({ type: 'é'.repeat(200) }))
  const { reason } = client.only('closing')
  expect(Buffer.byteLength(reason)).toBeGreaterThan(100)
  expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123)
  expect(reason).not.toContain('\uFFFD')
})

test('what this version does not serve is answered UNSUPPORTED, with ref where there is one; the link lives', async () => {
  const client = await world().connected()
  client.take()
  for (const [type, sender] of Object.entries(RESERVED_FRAMES)) {
    if (sender === 'server') continue
    await client.sayText(JSON.stringify({ type, ref: 7, channel: 3 }))
    expect(client.take()).toMatchObject([{ type: 'error', code: 'UNSUPPORTED', ref: 7 }])
  }
  await client.sayText('{"type":"constructor"}')
  const [error] = client.take()
  expect(error).toMatchObject({ type: 'error', code: 'UNSUPPORTED' })
  expect(error).not.toHaveProperty('ref')
  expect(client.end).toBeUndefined()
})

test('a link that does not send connect within 10 s is closed with 4007', async () => {
  const { link, clock, server } = world()
  const client = link()
  await clock.advance(9_999)
  expect(client.end).toBeUndefined()
  await clock.advance(1_001)
  expect(client.end).toEqual(CLOSE_CODES.CONNECT_TIMEOUT && { code: 4007, reason: 'no connect frame in time' })
  expect(server.connections).toBe(0)
})

test('a link that has connected is not closed for it', async () => {
  const { connected, clock } = world()
  const client = await connected()
  await clock.advance(20_000)
  expect(client.end).toBeUndefined()
})

test('without authenticate everybody is anonymous', async () => {
  expect((await world().link().connect({ token: 'whatever' })).user).toBeNull()
})

test('authenticate gets the token, the data and the handshake', async () => {
  let seen: Credentials | undefined
  const { link } = world({ authenticate: (credentials) => ((seen = credentials), { user: { id: 'ada' } }) })
  const { user } = await link().connect({ token: 't', data: { device: 1 } })
  expect(user).toBe('ada')
  expect(seen).toEqual({
    reason: 'connect',
    token: 't',
    data: { device: 1 },
    handshake: { url: '/realtime', headers: { cookie: 'a=b' }, remoteAddress: '192.0.2.1' },
  })
})

test.each([
  ['null', () => null],
  ['a promise of null', () => Promise.resolve(null)],
  [
    'an error',
    () => {
      throw new Error('no')
    },
  ],
  ['a rejection', () => Promise.reject(new Error('no'))],
])('authenticate with %s turns the client away with 4500', async (_, authenticate) => {
  const { link, server } = world({ authenticate })
  const client = link()
  await client.sayText(CONNECT)
  expect(client.heard.map(({ type }) => type)).toEqual(['closing'])
  expect(client.end?.code).toBe(4500)
  expect(server.connections).toBe(0)
})

test('a retryable error of authenticate ends the link with 4005, and the reason tells nothing of it', async () => {
  const { link, logger } = world({
    authenticate: () => Promise.reject(Object.assign(new Error('database password'), { retryable: true })),
  })
  const client = link()
  await client.sayText(CONNECT)
  expect(client.end).toEqual({ code: 4005, reason: CLOSE_CODES.STATE.reason })
  expect(logger.of('warn')).toEqual(['authenticate failed'])
})

test('hello goes to this connection only, and user is the id alone', async () => {
  const { link } = world({
    authenticate: ({ token }) => ({ user: { id: `${token}-id`, secret: 's' }, hello: { for: token } }),
  })
  const [a, b] = [await link().connect({ token: 'a' }), await link().connect({ token: 'b' })]
  expect([a.hello, a.user]).toEqual([{ for: 'a' }, 'a-id'])
  expect([b.hello, b.user]).toEqual([{ for: 'b' }, 'b-id'])
  expect(JSON.stringify([a, b])).not.toContain('secret')
})

test('a hello that is no JSON ends this link, and nothing else', async () => {
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  const { link, logger, server } = world({
    authenticate: ({ token }) => ({ user: null, ...(token ? { hello: cycle } : {}) }),
  })
  const client = link()
  await client.say({ type: 'connect', producer: PRODUCER, token: 't' })
  expect(client.end?.code).toBe(4005)
  expect(logger.of('error')).toEqual(['connect failed'])
  await link().connect()
  expect(server.connections).toBe(1)
})

test('expiresInMs says how long the token is good, and then the link is closed with 4500', async () => {
  const { clock, link } = world({ authenticate: () => ({ user: { id: 'ada' }, expiresAt: clock.date() + 60_000 }) })
  const client = link()
  expect((await client.connect()).expiresInMs).toBe(60_000)
  for (let i = 0; i < 6; i++) {
    expect(client.end).toBeUndefined()
    client.trickle()
    await clock.advance(10_000)
  }
  client.trickle()
  await clock.advance(500)
  expect(client.end?.code).toBe(4500)
})

test('expiresAt may be a date, or the past, or never', async () => {
  const at = { expiresAt: undefined as number | Date | undefined }
  const { clock, link } = world({ authenticate: () => ({ user: null, ...at }) })
  at.expiresAt = new Date(clock.date() + 1_500)
  expect((await link().connect()).expiresInMs).toBe(1_500)
  at.expiresAt = clock.date() + 1_500.75
  expect((await link().connect()).expiresInMs).toBe(1_500)
  at.expiresAt = clock.date() - 5
  expect((await link().connect()).expiresInMs).toBe(0)
  for (const never of [undefined, Infinity]) {
    at.expiresAt = never
    expect(await link().connect()).not.toHaveProperty('expiresInMs')
  }
})

test('an expiry that is no time turns the client away and is logged', async () => {
  const { link, logger } = world({ authenticate: () => ({ user: null, expiresAt: new Date('soon') }) })
  const client = link()
  await client.sayText(CONNECT)
  expect(client.end?.code).toBe(4500)
  expect(logger.of('warn')).toEqual(['authenticate failed'])
})

test('a token good for a month does not end the link at once', async () => {
  const { clock, link } = world({ authenticate: () => ({ user: null, expiresAt: clock.date() + 30 * 86_400_000 }) })
  const client = link()
  await client.connect()
  await clock.advance(5_000)
  expect(client.end).toBeUndefined()
})

test('a store that cannot be reached ends the link with 4005', async () => {
  const { link, logger } = world({
    wrap: (backend) => ({
      join(handler) {
        const node = backend.join(handler)
        return { ...node, sessions: { ...node.sessions, claim: () => Promise.reject(new Error('down')) } }
      },
    }),
  })
  const client = link()
  await client.sayText(CONNECT)
  expect(client.end?.code).toBe(4005)
  expect(logger.of('error')).toEqual(['session store failed'])
})

test('the server pings every 25 s, and 10 s of silence after a ping end the link with 4004', async () => {
  const { connected, clock, server } = world()
  const client = await connected()
  for (let i = 1; i <= 3; i++) {
    await clock.advance(25_000)
    expect(client.all('ping')).toHaveLength(i)
    await client.say({ type: 'pong' })
  }
  await clock.advance(25_000)
  await clock.advance(9_499)
  expect(client.end).toBeUndefined()
  await clock.advance(1_001)
  expect(client.end?.code).toBe(4004)
  expect(server.connections).toBe(0)
})

test('a ping of a client is answered with a pong, a pong with nothing', async () => {
  const { connected } = world()
  const client = await connected()
  const before = client.heard.length
  await client.say({ type: 'ping' })
  await client.say({ type: 'pong' })
  expect(client.heard.slice(before)).toEqual([{ type: 'pong' }])
  expect(client.end).toBeUndefined()
})

test('an upload of one byte now and then keeps a link alive', async () => {
  const { connected, clock } = world()
  const client = await connected()
  for (let i = 0; i < 30; i++) {
    await clock.advance(5_000)
    client.trickle()
  }
  expect(client.end).toBeUndefined()
})

test('a link that nobody says anything on is counted until it ends, however it ends', async () => {
  const { link, server } = world()
  const clients = [link(), link(), link()]
  expect(server.connections).toBe(3)
  for (const client of clients) await client.cut()
  expect(server.connections).toBe(0)
})

test('a connect frame is held to 65,536 bytes, every later one to messageBytes', async () => {
  for (const messageBytes of [1_000, 200_000]) {
    const { link } = world({ limits: { messageBytes } })
    const long = link()
    await long.connect({ data: 'é'.repeat(30_000) })
    const later = { type: 'publish', ref: 1, channel: 'c', id: 'm', data: '' } as const
    const room = messageBytes - JSON.stringify(later).length
    await long.say({ ...later, data: `${'é'.repeat(Math.floor(room / 2))}${room % 2 ? 'x' : ''}` })
    expect(long.answer(1).type).toBe('reply')
    await long.say({ ...later, ref: 2, data: 'x'.repeat(room + 1) })
    expect(long.end).toMatchObject({ code: 4503 })
    const longer = link()
    await longer.say({ type: 'connect', producer: PRODUCER, data: 'x'.repeat(65_536) })
    expect(longer.end).toMatchObject({ code: 4503 })
  }
})
