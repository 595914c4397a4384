import { expect, test } from 'vitest'
import type { Claim, SessionStore } from '../../src/index.js'
import { PRODUCER } from '../support/memory-link.js'
import { world } from '../support/world.js'

/** Users are their tokens. */
const authenticate = ({ token }: { token: string | undefined }) => ({ user: token ? { id: token } : null })

test('a session is resumed under its id, with a new token each time', async () => {
  const { link } = world()
  const first = link()
  const { session } = await first.connect()
  await first.cut()
  const again = await link().connect({ session })
  expect(again.resumed).toBe(true)
  expect(again.session.id).toBe(session.id)
  expect(again.session.token).not.toBe(session.token)
})

test('until the first frame after connected, the previous token resumes as well', async () => {
  const { link } = world()
  const { session } = await link().connect()
  await link().connect({ session })
  // The answer was lost with its link: the client knows the first token only.
  const third = link()
  const { session: latest, resumed } = await third.connect({ session })
  expect(resumed).toBe(true)
  await third.say({ type: 'pong' })
  expect((await link().connect({ session })).resumed).toBe(false)
  expect((await link().connect({ session: latest })).resumed).toBe(true)
})

test('a first frame of a type that is not served shows as well that the new token has arrived', async () => {
  const { link } = world()
  const { session } = await link().connect()
  const second = link()
  await second.connect({ session })
  await second.sayText('{"type":"attach"}')
  expect((await link().connect({ session })).resumed).toBe(false)
})

test('an old token that somebody stole gives a session of its own', async () => {
  const { link } = world()
  const first = link()
  const { session } = await first.connect()
  await first.cut()
  const second = link()
  await second.connect({ session })
  await second.say({ type: 'pong' })
  const thief = await link().connect({ session })
  expect([thief.resumed, thief.session.id === session.id]).toEqual([false, false])
  expect(second.end).toBeUndefined()
})

test('the session of another user is not resumed', async () => {
  const { link } = world({ authenticate })
  const client = link()
  const { session } = await client.connect({ token: 'ada' })
  for (const fields of [{ token: 'eve' }, {}]) {
    const other = await link().connect({ ...fields, session })
    expect([other.resumed, other.session.id === session.id]).toEqual([false, false])
  }
  expect(client.end).toBeUndefined()
  expect((await link().connect({ token: 'ada', session })).resumed).toBe(true)
})

test('who resumes closes the older link of the session with 4002, on the same node and on another', async () => {
  const { link, node, server } = world()
  const first = link()
  let { session } = await first.connect()
  const second = link(server)
  session = (await second.connect({ session })).session
  expect(first.end?.code).toBe(4002)
  expect(first.heard.at(-1)).toMatchObject({ type: 'closing', code: 4002 })
  const third = link(node())
  await third.connect({ session })
  expect([second.end?.code, third.end]).toEqual([4002, undefined])
  expect(server.connections).toBe(0)
})

test('the end of a superseded link takes nothing from the new one', async () => {
  const { link, clock } = world()
  const first = link()
  const { session } = await first.connect()
  const second = link()
  await second.connect({ session })
  await clock.settle()
  const third = link()
  await third.connect({ session: { ...session, token: second.only('connected').session.token } })
  expect(second.end?.code).toBe(4002)
})

/** Lets a test hold the answers to claims and to readings back. */
function gates() {
  const waiting: Array<() => void> = []
  const pass = <T>(value: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => waiting.push(() => void value.then(resolve, reject)))
  return { waiting, pass, open: () => waiting.splice(0).forEach((go) => go()) }
}

test.each(['on the same node', 'on another node'])(
  'of two links that resume one session at once, the later claim wins %s, however slow the rest of connecting is',
  async (where) => {
    const gate = gates()
    const held = { recover: false }
    const { link, node, clock, server } = world({
      wrap: (backend) => ({
        join(handler) {
          const joined = backend.join(handler)
          const { broker } = joined
          const recover: typeof broker.recover = (...args) =>
            held.recover ? gate.pass(broker.recover(...args)) : broker.recover(...args)
          return { ...joined, broker: { ...broker, recover } }
        },
      }),
    })
    const { session } = await link().connect()
    held.recover = true
    const slow = link()
    const acknowledged = [{ channel: 'c', epoch: 'e', offset: 1 }]
    await slow.say({ type: 'connect', producer: PRODUCER, session, acknowledged })
    expect(gate.waiting).toHaveLength(1)
    const fast = link(where === 'on another node' ? node() : server)
    await fast.connect({ session })
    gate.open()
    await clock.settle()
    expect([slow.end?.code, fast.end]).toEqual([4002, undefined])
    expect(slow.all('connected')).toEqual([])
  },
)

test('a claim whose answer comes after that of a later one does not take the session back', async () => {
  const gate = gates()
  let hold = false
  const { link, clock } = world({
    wrap: (backend) => ({
      join(handler) {
        const joined = backend.join(handler)
        const claim: SessionStore['claim'] = (request): Promise<Claim> => {
          const claimed = joined.sessions.claim(request)
          return hold ? gate.pass(claimed) : claimed
        }
        return { ...joined, sessions: { ...joined.sessions, claim } }
      },
    }),
  })
  const { session } = await link().connect()
  hold = true
  const slow = link()
  await slow.say({ type: 'connect', producer: PRODUCER, session })
  hold = false
  const fast = link()
  await fast.connect({ session })
  gate.open()
  await clock.settle()
  expect([slow.end?.code, fast.end]).toEqual([4002, undefined])
})

test('a session without a link can be resumed for a while, then it is forgotten', async () => {
  const { link, clock } = world()
  const first = link()
  const { session } = await first.connect()
  await first.cut()
  await clock.advance(79_000)
  const second = link()
  const resumed = await second.connect({ session })
  expect(resumed.resumed).toBe(true)
  await second.cut()
  await clock.advance(121_000)
  expect((await link().connect({ session: resumed.session })).resumed).toBe(false)
})

test('a session with a link lives for ever', async () => {
  const { link, clock } = world()
  const client = link()
  const { session } = await client.connect()
  for (let i = 0; i < 60; i++) {
    await clock.advance(10_000)
    client.trickle()
  }
  await client.cut()
  expect((await link().connect({ session })).resumed).toBe(true)
})

test('goodbye ends the session at once and the link with 1000, without closing', async () => {
  const { link, server } = world()
  const client = link()
  const { session } = await client.connect()
  await client.say({ type: 'goodbye' })
  expect([client.end, client.all('closing')]).toEqual([{ code: 1000, reason: '' }, []])
  expect(server.connections).toBe(0)
  expect((await link().connect({ session })).resumed).toBe(false)
})

test('what was said before goodbye is still done', async () => {
  const { connected, clock, server } = world()
  const client = await connected()
  for (let i = 1; i <= 3; i++) client.tell({ type: 'publish', ref: i, channel: 'c', id: `m${i}`, data: i })
  client.tell({ type: 'goodbye' })
  await clock.settle()
  expect((await server.history('c')).publications.map(({ data }) => data)).toEqual([1, 2, 3])
})

test('a resume is authorized again: what is no longer allowed is not resumed, the rest is', async () => {
  const allowed = new Set(['a', 'b'])
  const w = world({ rules: false })
  w.server.channel('{name}', { subscribe: (_, { name }) => allowed.has(name), publish: true })
  const first = w.link()
  const subscriptions = [
    { channel: 'a', generation: 1 },
    { channel: 'b', generation: 1 },
  ]
  const { session } = await first.connect({ subscriptions })
  expect(first.all('subscribed').map(({ channel }) => channel)).toEqual(['a', 'b'])
  await first.cut()
  allowed.delete('b')
  const second = w.link()
  const { resumed } = await second.connect({ session, subscriptions })
  expect(resumed).toBe(true)
  expect(second.all('subscribed').map(({ channel }) => channel)).toEqual(['a'])
  expect(second.only('unsubscribed')).toMatchObject({ channel: 'b', generation: 1, code: 'FORBIDDEN' })
  await w.server.publish('b', 'secret')
  await w.clock.settle()
  expect(second.all('publication')).toEqual([])
})

test('one round trip resumes everything: session, subscriptions and what was missed', async () => {
  const { link, server, clock } = world()
  const first = link()
  const { session } = await first.connect({ subscriptions: [{ channel: 'c', generation: 1 }] })
  await server.publish('c', 1)
  await clock.settle()
  const { epoch, offset } = first.only('publication')
  await first.cut()
  await server.publish('c', 2)
  await server.publish('c', 3)
  const second = link()
  await second.connect({ session, subscriptions: [{ channel: 'c', generation: 2, since: { epoch, offset } }] })
  expect(second.heard.map(({ type }) => type)).toEqual(['connected', 'subscribed', 'publication', 'publication'])
  expect(second.only('subscribed')).toMatchObject({ position: { epoch, offset: 1 }, head: 3 })
  expect(second.offsets()).toEqual([2, 3])
})

test('of acknowledged publishes, connected tells where their epochs ended after a failover without loss', async () => {
  const { link, server, clock, failOver } = world()
  const { epoch } = await server.publish('c', 1)
  await failOver()
  const next = await server.publish('c', 2)
  await clock.settle()
  const connected = await link().connect({ acknowledged: [{ channel: 'c', epoch, offset: 1 }] })
  expect(connected.rebases).toEqual([{ channel: 'c', from: epoch, end: 1, to: next.epoch }])
})

test('of acknowledged publishes that a failover lost, connected tells up to where they are left', async () => {
  const { link, server, backend, clock } = world()
  const { epoch } = await server.publish('c', 1)
  const replica = backend.checkpoint()
  await server.publish('c', 2)
  backend.failOver(replica)
  await clock.settle()
  const acknowledged = [{ channel: 'c', epoch, offset: 2 }]
  // Nobody has written since: the epoch went on, but lost its end.
  expect((await link().connect({ acknowledged })).rebases).toEqual([{ channel: 'c', from: epoch, end: 1, to: epoch }])
  const next = await server.publish('c', 3)
  expect((await link().connect({ acknowledged })).rebases).toEqual([
    { channel: 'c', from: epoch, end: 1, to: next.epoch },
  ])
})

test('of positions that hold, of channels nobody has written to and of epochs too old, connected says nothing wrong', async () => {
  const { link, server, failOver } = world()
  const first = await server.publish('c', 1)
  const { epoch } = first
  expect(await link().connect({ acknowledged: [{ channel: 'c', epoch, offset: 1 }] })).not.toHaveProperty('rebases')
  expect((await link().connect({ acknowledged: [{ channel: 'gone', epoch: 'E.g', offset: 4 }] })).rebases).toEqual([
    { channel: 'gone', from: 'E.g', end: 0, to: '' },
  ])
  for (let i = 0; i < 20; i++) {
    await failOver()
    await server.publish('c', i)
  }
  expect(await link().connect({ acknowledged: [{ channel: 'c', epoch, offset: 1 }] })).not.toHaveProperty('rebases')
})
