import { describe, expect, test } from 'vitest'
import type { RealtimeError, SessionStore } from '../../src/index.js'
import { deafNode } from '../../src/testing/index.js'
import { Gate } from '../support/gate.js'
import { world } from '../support/world.js'

/** Two servers on one backend, where a token is the id of a user, and a store whose writes can fail or wait. */
function two(options: Parameters<typeof world>[0] = {}) {
  const store = {
    failing: 0,
    gate: new Gate(),
    late: false,
    arrive: (): Promise<unknown> => Promise.resolve(),
    /** Whether renewals are lost, so that records expire. */
    isForgetting: false,
  }
  const w = world({
    authenticate: ({ token }) => ({ user: token ? { id: token } : null }),
    wrap: (inner) => ({
      join: (handler) => {
        const node = inner.join(handler)
        const { sessions } = node
        const keep: SessionStore['keep'] = (...args) => {
          if (store.late) {
            Object.assign(store, { late: false, arrive: () => sessions.keep(...args) })
            return Promise.reject(new Error('no answer in time'))
          }
          return store.failing-- > 0
            ? store.gate.after(() => Promise.reject(new Error('down')))
            : store.gate.after(() => sessions.keep(...args))
        }
        const read: SessionStore['read'] = (id) =>
          store.failing > 0 ? Promise.reject(new Error('down')) : sessions.read(id)
        const renew: SessionStore['renew'] = async (held) => {
          if (!store.isForgetting) await sessions.renew(held)
        }
        return { ...node, sessions: { ...sessions, keep, read, renew } }
      },
    }),
    ...options,
  })
  const [a, b] = [w.server, w.node()] as const
  const signIn = async (server: typeof a, token?: string, session?: { id: string; token: string }) => {
    const link = await w.connected(server, { ...(token ? { token } : {}), ...(session ? { session } : {}) })
    return Object.assign(link, { session: link.only('connected').session })
  }
  return { ...w, store, a, b, signIn }
}

describe('the attributes of a session', () => {
  test('are set from any node and read on any node', async () => {
    const { a, b, signIn } = two()
    const { session } = await signIn(a, 'ada')
    expect(await b.session(session.id)).toEqual({ session: session.id, user: 'ada', attributes: {}, subscriptions: [] })
    expect(await b.setAttributes({ session: session.id }, { username: 'Ada', seats: [1, 2] })).toEqual({
      sessions: 1,
      complete: true,
    })
    for (const server of [a, b]) {
      expect(await server.session(session.id)).toMatchObject({ attributes: { username: 'Ada', seats: [1, 2] } })
    }
  })

  test('change value by value: others stay, null removes, one that was not there is no harm', async () => {
    const { a, signIn } = two()
    const { session } = await signIn(a)
    const target = { session: session.id }
    await a.setAttributes(target, { a: 1, b: { c: 2 } })
    await a.setAttributes(target, { a: null, b: { d: 3 }, nothing: null, ['__proto__']: 4 })
    const attributes = (await a.session(session.id))?.attributes ?? {}
    expect(JSON.parse(JSON.stringify(attributes))).toEqual({ b: { d: 3 }, ['__proto__']: 4 })
    expect(Object.getPrototypeOf(attributes)).toBe(Object.prototype)
  })

  test('stay through a resume on another node, and can be changed there', async () => {
    const { a, b, signIn } = two()
    const first = await signIn(a, 'ada')
    await a.setAttributes({ user: 'ada' }, { username: 'Ada' })
    await first.cut()
    expect((await b.session(first.session.id))?.attributes).toEqual({ username: 'Ada' })
    const again = await signIn(b, 'ada', first.session)
    expect(again.only('connected').resumed).toBe(true)
    await a.setAttributes({ user: 'ada' }, { age: 36 })
    expect((await a.session(first.session.id))?.attributes).toEqual({ username: 'Ada', age: 36 })
  })

  test('are gone with the session: at a goodbye at once, else when it cannot be resumed any more', async () => {
    const { a, b, clock, signIn } = two()
    const leaves = await signIn(a, 'ada')
    const cut = await signIn(a, 'ada')
    await a.setAttributes({ user: 'ada' }, { username: 'Ada' })
    await leaves.say({ type: 'goodbye' })
    expect(await b.session(leaves.session.id)).toBeUndefined()
    await cut.cut()
    await clock.advance(119_000)
    expect(await b.session(cut.session.id)).toMatchObject({ attributes: { username: 'Ada' } })
    await clock.advance(62_000)
    expect(await b.session(cut.session.id)).toBeUndefined()
    expect(await b.session('never')).toBeUndefined()
  })

  test('reach rules and methods', async () => {
    const { a, signIn } = two({
      rules: false,
      contract: { methods: { who: {} } },
    })
    const seen: unknown[] = []
    a.channel('{name}', {
      subscribe: ({ attributes }) => seen.push(['subscribe', attributes]) > 0,
      presence: ({ attributes }) => seen.push(['presence', attributes]) > 0,
      publish: ({ attributes, data }) =>
        attributes['username'] ? { data: { text: data, by: attributes['username'] } } : { refuse: 'say who you are' },
    })
    a.method('who', (_, { attributes }) => attributes)
    const client = await signIn(a)
    await client.publish('c', 'hi')
    expect(client.only('error')).toMatchObject({ code: 'REFUSED', message: 'say who you are' })
    await a.setAttributes({ session: client.session.id }, { username: 'Ada' })
    await client.subscribe({ channel: 'c', generation: 1 })
    await client.publish('c', 'hi')
    await client.say({ type: 'presence', ref: 90, channel: 'c', action: 'enter' })
    await client.say({ type: 'call', ref: 91, method: 'who' })
    expect(client.only('publication').data).toEqual({ text: 'hi', by: 'Ada' })
    expect(seen).toEqual([
      ['subscribe', { username: 'Ada' }],
      ['presence', { username: 'Ada' }],
    ])
    expect(client.only('result')).toMatchObject({ ref: 91, data: { username: 'Ada' } })
  })

  test('are refused when they are no JSON object', async () => {
    const { a, signIn } = two()
    const { session } = await signIn(a)
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    for (const wrong of [null, [], 'text', loop, { n: 1n }, { toJSON: () => 5 }]) {
      await expect(a.setAttributes({ session: session.id }, wrong as never)).rejects.toMatchObject({
        code: 'INVALID_DATA',
        message: 'attributes are an object whose values can be written as JSON',
      })
    }
  })

  test('may be named like the fields of an error', async () => {
    const { a, signIn } = two()
    const { session } = await signIn(a)
    await a.setAttributes({ session: session.id }, { code: 'blue', message: 'hi' })
    expect((await a.session(session.id))?.attributes).toEqual({ code: 'blue', message: 'hi' })
  })

  test('are TOO_LARGE above attributesBytes together, counted in bytes, and then as before', async () => {
    const { a, signIn } = two({ limits: { attributesBytes: 30 } })
    const { session } = await signIn(a)
    const target = { session: session.id }
    await a.setAttributes(target, { a: 'x'.repeat(10) })
    // {"a":"xxxxxxxxxx","b":"ää"} is 29 bytes.
    await a.setAttributes(target, { b: 'ää' })
    await expect(a.setAttributes(target, { b: 'äää' })).rejects.toMatchObject({
      code: 'TOO_LARGE',
      message: 'a session has at most 30 bytes of attributes as JSON',
    })
    expect((await a.session(session.id))?.attributes).toEqual({ a: 'x'.repeat(10), b: 'ää' })
    await a.setAttributes(target, { a: null })
    await a.setAttributes(target, { b: 'äää' })
  })

  test('are as before when they cannot be written, without what others have changed meanwhile', async () => {
    const { a, b, clock, store, signIn } = two()
    const client = await signIn(a, 'ada')
    const target = { session: client.session.id }
    await a.setAttributes(target, { x: 0 })
    store.gate.close()
    store.failing = 1
    const first = a.setAttributes(target, { x: 1, y: 1 }).catch((error: RealtimeError) => error.code)
    await clock.settle()
    const second = a.setAttributes(target, { x: 1, z: 1 })
    await clock.settle()
    store.gate.open()
    await clock.settle()
    expect(await first).toBe('UNAVAILABLE')
    expect(await second).toMatchObject({ sessions: 1 })
    expect((await b.session(client.session.id))?.attributes).toEqual({ x: 1, z: 1 })
    await client.cut()
    await signIn(b, 'ada', client.session)
    expect((await a.session(client.session.id))?.attributes).toEqual({ x: 1, z: 1 })
  })

  test('are made again with the record of a session that its store has lost', async () => {
    const { a, b, store, clock, signIn } = two({ limits: { heartbeatMs: 600_000 } })
    const client = await signIn(a, 'ada')
    await a.setAttributes({ user: 'ada' }, { username: 'Ada' })
    store.isForgetting = true
    await clock.advance(121_000)
    store.isForgetting = false
    expect(await b.session(client.session.id)).toBeUndefined()
    await clock.advance(41_000)
    expect(await b.session(client.session.id)).toMatchObject({ user: 'ada', attributes: { username: 'Ada' } })
  })

  test('cannot be read while the store cannot be reached', async () => {
    const { a, store } = two()
    store.failing = 1
    await expect(a.session('any')).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  })
})

test('a write that was given up, and is done late, does not undo the one after it', async () => {
  const { a, b, store, signIn } = two()
  const client = await signIn(a, 'ada')
  store.late = true
  await expect(a.setAttributes({ user: 'ada' }, { username: 'Ada' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await a.setAttributes({ user: 'ada' }, { username: 'Countess' })
  await store.arrive()
  expect(await b.session(client.session.id)).toMatchObject({ attributes: { username: 'Countess' } })
})

describe('after another history has taken over', () => {
  test('records and what is kept in them are written again at once, not with the next renewal', async () => {
    const { a, b, backend, store, clock, signIn } = two({ limits: { heartbeatMs: 600_000 } })
    const client = await signIn(a, 'ada')
    await a.setAttributes({ user: 'ada' }, { username: 'Ada' })
    const other = await signIn(b, 'eve')
    store.isForgetting = true
    await clock.advance(121_000)
    store.isForgetting = false
    expect(await a.session(other.session.id)).toBeUndefined()
    // The history that serves now knows an earlier state of this session, and nothing of the other one.
    const { sessions } = backend.join(deafNode)
    await sessions.claim({ newId: client.session.id, user: 'ada', nextDigest: 'd' })
    backend.failOver()
    await clock.advance(1)
    expect(await b.session(client.session.id)).toMatchObject({ attributes: { username: 'Ada' } })
    expect(await a.session(other.session.id)).toMatchObject({ user: 'eve' })
  })

  test('what was being written meanwhile is written again', async () => {
    const { a, b, backend, clock, store, signIn } = two()
    const client = await signIn(a, 'ada')
    store.gate.close()
    const writing = a.setAttributes({ user: 'ada' }, { username: 'Ada' })
    await clock.settle()
    backend.failOver()
    store.gate.open()
    await writing
    const { sessions } = backend.join(deafNode)
    await sessions.claim({ newId: client.session.id, user: 'ada', nextDigest: 'd' })
    await clock.advance(41_000)
    expect(await b.session(client.session.id)).toMatchObject({ attributes: { username: 'Ada' } })
  })
})
