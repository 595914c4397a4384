import { describe, expect, test } from 'vitest'
import type { Reached } from '../../src/index.js'
import { Gate } from '../support/gate.js'
import { world } from '../support/world.js'

/** Two servers on one backend, where a token is the id of a user, and a session whose link was lost at the second. */
async function between(options: Parameters<typeof world>[0] = {}) {
  const w = world({ authenticate: ({ token }) => ({ user: token ? { id: token } : null }), ...options })
  const [a, b] = [w.server, w.node()] as const
  const lost = await w.connected(b, { token: 'ada' })
  const { session } = lost.only('connected')
  return {
    ...w,
    a,
    b,
    lost,
    session,
    /** Waits for what is asked of all nodes. */
    async asked(work: Promise<Reached>) {
      const outcome = await Promise.allSettled([work])
      await w.clock.settle()
      return outcome[0].status === 'fulfilled' ? outcome[0].value : (outcome[0].reason as { code: string }).code
    },
    /** The next link of the session. */
    async resume(to = a) {
      const link = await w.connected(to, { token: 'ada', session })
      return Object.assign(link, { resumed: link.only('connected').resumed })
    },
  }
}

describe('a session without a link', () => {
  test.each([{ user: 'ada' }, { session: '' }])('that is sent away is over: %o', async (given) => {
    const { a, lost, session, asked, resume } = await between()
    const target = 'user' in given ? given : { session: session.id }
    await lost.cut()
    expect(await asked(a.disconnect(target))).toEqual({ sessions: 1, complete: true })
    expect(await a.session(session.id)).toBeUndefined()
    expect((await resume()).resumed).toBe(false)
    expect(await asked(a.disconnect({ session: session.id }))).toEqual({ sessions: 0, complete: true })
  })

  test('that is sent away leaves where it is present at once, not after the grace', async () => {
    const { a, b, lost, clock, asked } = await between()
    await lost.say({ type: 'presence', ref: 1, channel: 'p', action: 'enter' })
    await lost.cut()
    await clock.settle()
    expect((await b.presence('p')).count).toBe(1)
    await asked(a.disconnect({ user: 'ada' }))
    expect((await b.presence('p')).count).toBe(0)
  })

  test('that is sent away to come back, can: there is nobody to send', async () => {
    const { a, lost, asked, resume } = await between()
    await lost.cut()
    expect(await asked(a.disconnect({ user: 'ada' }, { code: 4000 }))).toMatchObject({ sessions: 0 })
    expect((await resume()).resumed).toBe(true)
  })

  test('is subscribed by the server, and finds that when it is resumed', async () => {
    const { a, lost, asked, resume } = await between()
    await lost.cut()
    expect(await asked(a.subscribe({ user: 'ada' }, 'c'))).toEqual({ sessions: 1, complete: true })
    const again = await resume()
    expect(again.resumed).toBe(true)
    expect(again.only('subscribed')).toMatchObject({ channel: 'c', generation: 0 })
  })

  test('loses what the server subscribed it to, when that is taken back', async () => {
    const { a, lost, asked, resume } = await between()
    await asked(a.subscribe({ user: 'ada' }, 'c'))
    await lost.cut()
    expect(await asked(a.unsubscribe({ user: 'ada' }, 'c'))).toEqual({ sessions: 1, complete: true })
    const again = await resume()
    expect([again.resumed, again.all('subscribed')]).toEqual([true, []])
  })

  test('is asked for its rights when it is resumed: what was revoked meanwhile stays revoked', async () => {
    const banned = new Set<string>()
    const w = await between({ rules: false })
    for (const each of [w.a, w.b]) each.channel('c', { subscribe: ({ user }) => !banned.has(user?.id ?? '') })
    await w.lost.subscribe({ channel: 'c', generation: 3 })
    await w.lost.cut()
    banned.add('ada')
    await w.asked(w.a.unsubscribe({ user: 'ada' }, 'c'))
    const again = await w.connected(w.a, {
      token: 'ada',
      session: w.session,
      subscriptions: [{ channel: 'c', generation: 3 }],
    })
    expect(again.only('connected').resumed).toBe(true)
    expect(again.only('unsubscribed')).toMatchObject({ channel: 'c', generation: 3, code: 'FORBIDDEN' })
    expect(again.all('subscribed')).toEqual([])
  })

  test('gets attributes', async () => {
    const { a, lost, session, asked } = await between()
    await lost.cut()
    expect(await asked(a.setAttributes({ user: 'ada' }, { name: 'Ada' }))).toMatchObject({ sessions: 1 })
    expect((await a.session(session.id))?.attributes).toEqual({ name: 'Ada' })
  })

  test('is not one of those that are listed as live', async () => {
    const { a, lost } = await between()
    await lost.cut()
    expect((await a.sessions({ user: 'ada' })).sessions).toEqual([])
  })

  test('is answered for by one node at a time: by the one that it came back to', async () => {
    const { a, b, lost, asked, resume } = await between()
    await lost.cut()
    const again = await resume(a)
    expect(await asked(b.subscribe({ user: 'ada' }, 'c'))).toEqual({ sessions: 1, complete: true })
    expect(again.only('subscribed')).toMatchObject({ channel: 'c' })
    expect(await asked(b.disconnect({ user: 'ada' }))).toEqual({ sessions: 1, complete: true })
    expect(again.end?.code).toBe(4506)
  })

  test('is answered for by one node when it came back to the same', async () => {
    const { a, b, lost, asked, resume } = await between()
    await lost.cut()
    const again = await resume(b)
    expect(await asked(a.disconnect({ user: 'ada' }))).toEqual({ sessions: 1, complete: true })
    expect(again.end?.code).toBe(4506)
  })

  test('that said goodbye, was sent away or could be resumed no more is not reached', async () => {
    const { a, lost, connected, clock, asked } = await between()
    await lost.say({ type: 'goodbye' })
    const other = await connected(a, { token: 'ada' })
    await asked(a.disconnect({ user: 'ada' }))
    expect(other.end?.code).toBe(4506)
    expect(await asked(a.subscribe({ user: 'ada' }, 'c'))).toMatchObject({ sessions: 0 })
    const third = await connected(a, { token: 'ada' })
    await third.cut()
    await clock.advance(120_000)
    expect(await asked(a.subscribe({ user: 'ada' }, 'c'))).toMatchObject({ sessions: 0 })
  })

  test('whose link ended while it was being claimed is reached as well', async () => {
    const claiming = new Gate()
    const w = await between({
      wrap: (inner) => ({
        join: (handler) => {
          const node = inner.join(handler)
          return {
            ...node,
            sessions: { ...node.sessions, claim: (request) => claiming.after(() => node.sessions.claim(request)) },
          }
        },
      }),
    })
    await w.lost.cut()
    claiming.close()
    const half = w.link(w.a)
    void half.connect({ token: 'ada', session: w.session }).catch(() => undefined)
    await w.clock.settle()
    await half.cut()
    claiming.open()
    await w.clock.settle()
    expect(await w.asked(w.b.subscribe({ user: 'ada' }, 'c'))).toEqual({ sessions: 1, complete: true })
    const again = await w.resume(w.b)
    expect([again.resumed, again.only('subscribed').channel]).toEqual([true, 'c'])
  })

  test('that somebody else has claimed unheard is SUPERSEDED once, and then theirs', async () => {
    const state = { deaf: false }
    const w = await between({
      wrap: (inner) => ({
        join: (handler) =>
          inner.join({
            deliver: (...args) => handler.deliver(...args),
            degraded: (is) => handler.degraded(is),
            resync: () => handler.resync(),
            verify: (...args) => handler.verify(...args),
            presenceChanged: (...args) => handler.presenceChanged(...args),
            heard: (...args) => handler.heard(...args),
            superseded: (...args) => state.deaf || handler.superseded(...args),
          }),
      }),
    })
    await w.lost.cut()
    state.deaf = true
    const again = await w.resume(w.a)
    expect(await w.asked(w.a.subscribe({ user: 'ada' }, 'c'))).toBe('SUPERSEDED')
    expect(await w.asked(w.a.subscribe({ user: 'ada' }, 'c'))).toEqual({ sessions: 1, complete: true })
    expect(again.only('subscribed')).toMatchObject({ channel: 'c' })
  })

  test('is forgotten when there are more than the links that a node takes, the oldest first', async () => {
    const { a, connected, asked } = await between({ limits: { connections: 2, handshakes: 2 } })
    for (const user of ['eve', 'bob', 'joe']) await (await connected(a, { token: user })).cut()
    const reached = await Promise.all(['eve', 'bob', 'joe'].map((user) => asked(a.subscribe({ user }, 'c'))))
    expect(reached.map((each) => (each as Reached).sessions)).toEqual([0, 1, 1])
  })
})

test('a subscription of the client that the rule denies while the server makes one goes on as the server’s', async () => {
  const rule = new Gate()
  const w = world({ authenticate: ({ token }) => ({ user: token ? { id: token } : null }), rules: false })
  w.server.channel('c', { subscribe: () => rule.after(() => Promise.resolve(false)) })
  const client = await w.connected(w.server, { token: 'ada' })
  rule.close()
  await client.subscribe({ channel: 'c', generation: 1 })
  await w.server.subscribe({ user: 'ada' }, 'c')
  rule.open()
  await w.clock.settle()
  expect(client.all('unsubscribed')).toEqual([])
  expect(client.only('subscribed')).toMatchObject({ channel: 'c', generation: 1 })
})
