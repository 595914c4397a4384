import { describe, expect, test } from 'vitest'
import type { Control, Kept, Reached, RealtimeError } from '../../src/index.js'
import { deafNode } from '../../src/testing/index.js'
import { Gate } from '../support/gate.js'
import { world } from '../support/world.js'

/** Three servers on one backend, where a token is the id of a user. */
function three(options: Parameters<typeof world>[0] = {}) {
  const w = world({ authenticate: ({ token }) => ({ user: token ? { id: token } : null }), ...options })
  const [a, b, c] = [w.server, w.node(), w.node()] as const
  // What is said goes out at the end of a turn.
  for (const server of [a, b, c]) {
    for (const name of ['subscribe', 'unsubscribe', 'disconnect'] as const) {
      const does = server[name].bind(server) as (...args: unknown[]) => Promise<Reached>
      server[name] = (...args: unknown[]) => does(...args).finally(() => w.clock.settle())
    }
  }
  const signIn = async (server: typeof a, token?: string) => {
    const link = await w.connected(server, token === undefined ? {} : { token })
    return Object.assign(link, { session: link.only('connected').session })
  }
  return { ...w, a, b, c, signIn }
}

/** What a promise has become by now. */
function watched<T>(promise: Promise<T>) {
  const seen: { value?: T; error?: RealtimeError } = {}
  promise.then(
    (value) => (seen.value = value),
    (error: RealtimeError) => (seen.error = error),
  )
  return seen
}

describe('over all nodes', () => {
  test('the live sessions of a user are found, with node and time; those without a link are not', async () => {
    const { a, b, clock, signIn } = three()
    const first = await signIn(a, 'ada')
    await clock.advance(5)
    const second = await signIn(b, 'ada')
    const third = await signIn(b, 'ada')
    await signIn(b, 'eve')
    await third.cut()
    const { sessions, complete } = await a.sessions({ user: 'ada' })
    expect(complete).toBe(true)
    expect(sessions.map(({ session, user, connectedAt }) => ({ session, user, connectedAt }))).toEqual([
      { session: first.session.id, user: 'ada', connectedAt: clock.date() - 5 },
      { session: second.session.id, user: 'ada', connectedAt: clock.date() },
    ])
    expect(new Set(sessions.map(({ node }) => node)).size).toBe(2)
    expect((await b.sessions({ session: first.session.id })).sessions).toMatchObject([{ user: 'ada' }])
    expect((await a.sessions({ user: 'nobody' })).sessions).toEqual([])
  })

  test('links and sessions are counted', async () => {
    const { a, b, signIn, link } = three()
    await signIn(a, 'ada')
    await signIn(b)
    link(b)
    expect(await a.count()).toEqual({ connections: 3, sessions: 2, nodes: 3, complete: true })
    expect(a.connections).toBe(1)
  })

  test('a node that has closed is asked nothing', async () => {
    const { a, b, signIn } = three()
    await signIn(a, 'ada')
    await b.close()
    expect(await a.count()).toMatchObject({ connections: 1, nodes: 2, complete: true })
  })

  test('a node that does not answer is waited for until the deadline, and missed', async () => {
    const { a, backend, clock, signIn } = three()
    await signIn(a, 'ada')
    backend.join(deafNode)
    const count = watched(a.count({ timeoutMs: 300 }))
    const kick = watched(a.disconnect({ user: 'ada' }))
    await clock.advance(300)
    expect(count.value).toEqual({ connections: 1, sessions: 1, nodes: 3, complete: false })
    await clock.advance(700)
    await clock.settle()
    expect(kick.value).toEqual({ sessions: 1, complete: false })
    await expect(a.count({ timeoutMs: 0 })).rejects.toThrow('timeoutMs')
  })

  test('what cannot be said to the others is UNAVAILABLE, and done here all the same', async () => {
    const down = (control: Control): Control => ({ ...control, broadcast: () => Promise.reject(new Error('down')) })
    const { a, signIn } = three({
      wrap: (inner) => ({
        join: (handler) => {
          const node = inner.join(handler)
          return { ...node, control: down(node.control) }
        },
      }),
    })
    const client = await signIn(a, 'ada')
    await expect(a.disconnect({ user: 'ada' })).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(client.end?.code).toBe(4506)
  })
})

describe('disconnect', () => {
  test('sends every link of a user away, on every node, and nobody else', async () => {
    const { a, b, c, signIn } = three()
    const links = [await signIn(a, 'ada'), await signIn(b, 'ada'), await signIn(c, 'ada'), await signIn(c, 'eve')]
    expect(await a.disconnect({ user: 'ada' })).toEqual({ sessions: 3, complete: true })
    expect(links.map(({ end }) => end?.code)).toEqual([4506, 4506, 4506, undefined])
    expect(links[1]?.only('closing')).toMatchObject({ code: 4506, reason: 'the application ended the session' })
  })

  test('sends the link of one session away, with a code and a reason of its own', async () => {
    const { a, b, signIn } = three()
    const [one, other] = [await signIn(b, 'ada'), await signIn(b, 'ada')]
    const done = await a.disconnect({ session: one.session.id }, { code: 4999, reason: 'ü'.repeat(100) })
    expect(done.sessions).toBe(1)
    expect(one.only('closing')).toMatchObject({ code: 4999, reason: 'ü'.repeat(61) })
    expect(other.end).toBeUndefined()
  })

  test.each([
    [4506, false],
    [4500, false],
    [4000, true],
    [4321, true],
  ])('with %i, the session can be resumed: %s', async (code, resumes) => {
    const { a, b, signIn, connected } = three()
    const client = await signIn(b, 'ada')
    await a.disconnect({ user: 'ada' }, { code })
    const again = await connected(a, { token: 'ada', session: client.session })
    expect(again.only('connected').resumed).toBe(resumes)
  })

  test('takes the session out of presence at once, unless it is to come back', async () => {
    const { a, b, signIn, clock } = three()
    for (const each of [a, b]) each.channel('p', { subscribe: true, presence: true })
    for (const [code, count] of [
      [4506, 0],
      [4000, 1],
    ] as const) {
      const client = await signIn(b, 'ada')
      await client.say({ type: 'presence', ref: 1, channel: 'p', action: 'enter' })
      await a.disconnect({ user: 'ada' }, { code })
      await clock.settle()
      expect((await a.presence('p')).count).toBe(count)
    }
  })

  test('reaches who is just being let in: what the application decided before does not count', async () => {
    const gate = new Gate()
    const { a, b, clock, link } = three({
      authenticate: ({ token }) => gate.after(async () => ({ user: { id: token ?? '' } })),
    })
    gate.close()
    const [ada, eve] = [link(b), link(b)]
    ada.tell({ type: 'connect', producer: 'a-producer-of-22-chars', token: 'ada' })
    eve.tell({ type: 'connect', producer: 'a-producer-of-22-chars', token: 'eve' })
    await clock.settle()
    expect(await a.disconnect({ user: 'ada' })).toEqual({ sessions: 0, complete: true })
    gate.open()
    await clock.settle()
    expect([ada.end?.code, ada.all('connected')]).toEqual([4506, []])
    expect(eve.only('connected').user).toBe('eve')
    const later = link(b)
    await later.connect({ token: 'ada' })
    expect(later.end).toBeUndefined()
  })

  test.each([3999, 5000, 4000.5, 1000])('refuses the code %d', async (code) => {
    await expect(three().a.disconnect({ user: 'ada' }, { code })).rejects.toThrow(TypeError)
  })

  test('remembers at most 1,000 of those it sent away', async () => {
    const { a, clock } = three()
    const idle = clock.pending
    for (let i = 0; i < 2_000; i++) await a.disconnect({ user: `u${i}` })
    expect(clock.pending).toBe(idle)
  })
})

describe('a subscription that the server makes', () => {
  test('is told with generation 0, gets what is published from then on, and asks no rule', async () => {
    const { a, b, signIn, clock } = three({ rules: false })
    for (const each of [a, b]) each.channel('secret', {})
    const client = await signIn(b, 'ada')
    await a.publish('secret', 'before')
    expect(await a.subscribe({ user: 'ada' }, 'secret')).toEqual({ sessions: 1, complete: true })
    await a.publish('secret', 'after')
    await clock.settle()
    expect(client.only('subscribed')).toMatchObject({ channel: 'secret', generation: 0, position: { offset: 1 } })
    expect(client.all('publication').map(({ data }) => data)).toEqual(['after'])
  })

  test('survives a resume on another node, from where the client names it', async () => {
    const { a, b, signIn, connected, clock } = three({ rules: false })
    for (const each of [a, b]) each.channel('secret', {})
    const client = await signIn(a, 'ada')
    await a.subscribe({ session: client.session.id }, 'secret')
    await a.publish('secret', 1)
    await clock.settle()
    const { epoch, offset } = client.only('publication')
    await client.cut()
    await a.publish('secret', 2)
    const again = await connected(b, {
      token: 'ada',
      session: client.session,
      subscriptions: [{ channel: 'secret', generation: 1, since: { epoch, offset } }],
    })
    expect(again.only('connected').resumed).toBe(true)
    expect(again.only('subscribed')).toMatchObject({ generation: 1, position: { offset: 1 } })
    expect(again.offsets()).toEqual([2])
  })

  test('is made again on resume when the client did not name it, and only then', async () => {
    const { a, b, signIn, connected } = three({ rules: false })
    for (const each of [a, b]) each.channel('secret', {})
    const client = await signIn(a, 'ada')
    await a.subscribe({ user: 'ada' }, 'secret')
    await client.cut()
    const again = await connected(b, { token: 'ada', session: client.session })
    expect(again.only('subscribed')).toMatchObject({ channel: 'secret', generation: 0 })
    await again.cut()
    const fresh = await connected(b, { token: 'ada', subscriptions: [{ channel: 'secret', generation: 1 }] })
    expect(fresh.all('subscribed')).toEqual([])
    expect(fresh.only('unsubscribed').code).toBe('FORBIDDEN')
  })

  test('is not told to a link that subscribes already, and stays when the client subscribes anew', async () => {
    const { a, signIn, clock } = three()
    const client = await signIn(a, 'ada')
    await client.subscribe({ channel: 'c', generation: 4 })
    expect((await a.subscribe({ user: 'ada' }, 'c')).sessions).toBe(1)
    await a.subscribe({ user: 'ada' }, 'c')
    await client.subscribe({ channel: 'c', generation: 5 })
    await a.publish('c', 1)
    await clock.settle()
    expect(client.all('subscribed').map(({ generation }) => generation)).toEqual([4, 5])
    expect(client.offsets()).toEqual([1])
  })

  test('goes on when the client gives up what it asked for itself, also while that is being judged', async () => {
    const { a, signIn, connected, clock } = three()
    const client = await signIn(a, 'ada')
    await client.subscribe({ channel: 'c', generation: 4 })
    await a.subscribe({ user: 'ada' }, 'c')
    await client.say({ type: 'unsubscribe', channel: 'c', generation: 4 })
    await a.publish('c', 1)
    await clock.settle()
    expect(client.all('subscribed').map(({ generation }) => generation)).toEqual([4, 0])
    expect(client.offsets()).toEqual([1])

    client.tell({ type: 'subscribe', channel: 'c', generation: 5 })
    await client.say({ type: 'unsubscribe', channel: 'c', generation: 5 })
    await a.publish('c', 2)
    await clock.settle()
    expect(client.all('subscribed').at(-1)?.generation).toBe(0)
    expect(client.offsets()).toEqual([1, 2])

    await client.cut()
    const again = await connected(a, { token: 'ada', session: client.session })
    expect(again.only('subscribed')).toMatchObject({ channel: 'c', generation: 0 })
  })

  test('ends for good when the client gives it up by the generation that it was told with, and by no other', async () => {
    const { a, signIn, connected, clock } = three({ rules: false })
    a.channel('secret', {})
    const client = await signIn(a, 'ada')
    await a.subscribe({ user: 'ada' }, 'secret')
    await client.say({ type: 'unsubscribe', channel: 'secret', generation: 7 })
    await a.publish('secret', 1)
    await clock.settle()
    expect(client.offsets()).toEqual([1])
    await client.say({ type: 'unsubscribe', channel: 'secret', generation: 0 })
    await a.publish('secret', 2)
    await clock.settle()
    expect(client.offsets()).toEqual([1])
    await client.subscribe({ channel: 'secret', generation: 1 })
    expect(client.only('unsubscribed').code).toBe('FORBIDDEN')
    await client.cut()
    const again = await connected(a, { token: 'ada', session: client.session })
    expect([again.only('connected').resumed, again.all('subscribed')]).toEqual([true, []])
  })

  test('is not asked about when a token is refreshed', async () => {
    const { a, signIn } = three({ rules: false })
    a.channel('secret', {})
    const client = await signIn(a, 'ada')
    await a.subscribe({ user: 'ada' }, 'secret')
    await client.say({ type: 'refresh', ref: 1, token: 'ada' })
    expect(client.all('unsubscribed')).toEqual([])
  })

  test('is refused for a channel that is not declared, or one more than there may be', async () => {
    const { a, signIn } = three({ rules: false, limits: { channels: 2 } })
    a.channel('c{n}', { subscribe: true })
    const client = await signIn(a, 'ada')
    await expect(a.subscribe({ user: 'ada' }, 'other')).rejects.toMatchObject({ code: 'UNKNOWN_CHANNEL' })
    await client.subscribe({ channel: 'c1', generation: 1 })
    await a.subscribe({ user: 'ada' }, 'c2')
    await expect(a.subscribe({ user: 'ada' }, 'c3')).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect((await a.subscribe({ user: 'ada' }, 'c1')).sessions).toBe(1)
    expect(client.all('subscribed').map(({ channel }) => channel)).toEqual(['c1', 'c2'])
  })

  test('is not made when it is taken back before it was written, also where the rule would allow it', async () => {
    const { a, signIn, clock } = three()
    const client = await signIn(a, 'ada')
    await Promise.all([a.subscribe({ user: 'ada' }, 'c'), a.unsubscribe({ user: 'ada' }, 'c')])
    await a.publish('c', 1)
    await clock.settle()
    expect([client.all('subscribed'), client.offsets()]).toEqual([[], []])
  })

  test('is not made when it cannot be written, and made when it is tried again', async () => {
    const { a, signIn, backend, logger } = withStore()
    const client = await signIn(a, 'ada')
    backend.failing = true
    await expect(a.subscribe({ user: 'ada' }, 'c')).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(client.all('subscribed')).toEqual([])
    backend.failing = false
    expect((await a.subscribe({ user: 'ada' }, 'c')).sessions).toBe(1)
    expect(client.only('subscribed').generation).toBe(0)
    expect(logger.lines.some(({ fields }) => fields?.['operation'] === 'keep')).toBe(true)
  })

  test('is SUPERSEDED when another node has claimed the session before it was written', async () => {
    const { a, b, signIn, backend, clock, link } = withStore()
    const client = await signIn(a, 'ada')
    backend.deaf = true
    const other = link(b)
    await other.connect({ token: 'ada', session: client.session })
    expect(other.only('connected').resumed).toBe(true)
    await expect(a.subscribe({ session: client.session.id }, 'c')).rejects.toMatchObject({ code: 'SUPERSEDED' })
    await clock.settle()
    expect(client.all('subscribed')).toEqual([])
    expect(other.only('subscribed')).toMatchObject({ channel: 'c', generation: 0 })
  })

  test('that was taken back while it could not be written is taken back in the record later', async () => {
    const { a, b, signIn, backend, clock, connected } = withStore()
    const client = await signIn(a, 'ada')
    await a.subscribe({ user: 'ada' }, 'c')
    backend.failing = true
    await expect(a.unsubscribe({ user: 'ada' }, 'c')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(client.only('unsubscribed')).toMatchObject({ generation: 0, code: 'FORBIDDEN' })
    backend.failing = false
    await clock.advance(41_000)
    await client.cut()
    const again = await connected(b, { token: 'ada', session: client.session })
    expect([again.only('connected').resumed, again.all('subscribed')]).toEqual([true, []])
  })
})

/** Servers whose session store can fail to write, and fail to say who was superseded. */
function withStore() {
  const state = { failing: false, deaf: false }
  const w = three({
    limits: { heartbeatMs: 600_000 },
    wrap: (inner) => ({
      join: (handler) => {
        const node = inner.join({
          deliver: (...args) => handler.deliver(...args),
          degraded: (is) => handler.degraded(is),
          resync: () => handler.resync(),
          verify: (...args) => handler.verify(...args),
          presenceChanged: (...args) => handler.presenceChanged(...args),
          heard: (...args) => handler.heard(...args),
          superseded: (...args) => state.deaf || handler.superseded(...args),
        })
        const { sessions } = node
        const keep: typeof sessions.keep = (...args) =>
          state.failing ? Promise.reject(new Error('down')) : sessions.keep(...args)
        return { ...node, sessions: { ...sessions, keep } }
      },
    }),
  })
  return { ...w, backend: state }
}

test('what is kept is written one after the other, so that the last write holds all of it', async () => {
  const gate = new Gate()
  const writes: Array<readonly string[]> = []
  const { a, b, signIn, clock, connected } = three({
    wrap: (inner) => ({
      join: (handler) => {
        const node = inner.join(handler)
        const { sessions } = node
        const keep: typeof sessions.keep = (keeper, kept) => {
          writes.push(kept.subscriptions ?? [])
          return gate.after(() => sessions.keep(keeper, kept))
        }
        return { ...node, sessions: { ...sessions, keep } }
      },
    }),
  })
  const client = await signIn(a, 'ada')
  gate.close()
  const both = ['x', 'y'].map((channel) => watched(a.subscribe({ user: 'ada' }, channel)))
  await clock.settle()
  expect([writes.length, gate.size]).toEqual([1, 1])
  gate.open()
  await clock.settle()
  expect(both.map(({ value }) => value?.sessions)).toEqual([1, 1])
  expect(writes.at(-1)).toEqual(['x', 'y'])
  await client.cut()
  const again = await connected(b, { token: 'ada', session: client.session })
  expect(again.all('subscribed').map(({ channel }) => channel)).toEqual(['x', 'y'])
})

test('of two at once, the second is kept when the first could not be written, and a third after it writes nothing', async () => {
  const gate = new Gate()
  const outcomes = [Promise.reject(new Error('down'))]
  outcomes[0]?.catch(() => undefined)
  const writes: Kept[] = []
  const { a, b, signIn, clock, connected } = three({
    wrap: (inner) => ({
      join: (handler) => {
        const node = inner.join(handler)
        const { sessions } = node
        const keep: typeof sessions.keep = (keeper, kept) => {
          writes.push(kept)
          return gate.after(() => outcomes.shift() ?? sessions.keep(keeper, kept))
        }
        return { ...node, sessions: { ...sessions, keep } }
      },
    }),
  })
  const client = await signIn(a, 'ada')
  gate.close()
  const all = ['first', 'second', 'third'].map(() => watched(a.subscribe({ user: 'ada' }, 'c')))
  await clock.settle()
  gate.open()
  await clock.settle()
  expect(all.map(({ value, error }) => error?.code ?? value?.sessions)).toEqual(['UNAVAILABLE', 1, 1])
  expect(writes.map(({ subscriptions }) => subscriptions)).toEqual([['c'], ['c']])
  expect(client.only('subscribed')).toMatchObject({ channel: 'c', generation: 0 })
  await client.cut()
  const again = await connected(b, { token: 'ada', session: client.session })
  expect(again.only('subscribed')).toMatchObject({ channel: 'c', generation: 0 })
})

describe('unsubscribe', () => {
  test('ends what the client made, at once and on every node; when it asks again, the rule decides', async () => {
    const { a, b, signIn, clock } = three({ rules: false })
    const banned = new Set<string>()
    for (const each of [a, b]) each.channel('c', { subscribe: ({ user }) => !banned.has(user?.id ?? '') })
    const [ada, eve] = [await signIn(b, 'ada'), await signIn(b, 'eve')]
    for (const each of [ada, eve]) await each.subscribe({ channel: 'c', generation: 3 })
    banned.add('ada')
    expect(await a.unsubscribe({ user: 'ada' }, 'c')).toEqual({ sessions: 1, complete: true })
    expect(ada.only('unsubscribed')).toMatchObject({ channel: 'c', generation: 3, code: 'FORBIDDEN' })
    await a.publish('c', 1)
    await clock.settle()
    expect([ada.offsets(), eve.offsets()]).toEqual([[], [1]])
    await ada.subscribe({ channel: 'c', generation: 4 })
    expect(ada.all('unsubscribed').map(({ generation }) => generation)).toEqual([3, 4])
    banned.clear()
    await ada.subscribe({ channel: 'c', generation: 5 })
    expect(ada.all('subscribed').map(({ generation }) => generation)).toEqual([3, 5])
  })

  test('ends what the client watches of the presence there; when it asks again, the rule decides', async () => {
    const { a, b, signIn } = three({ rules: false })
    let isOpen = true
    for (const each of [a, b]) each.channel('c', { subscribe: () => isOpen, presence: true })
    const [ada, eve] = [await signIn(b, 'ada'), await signIn(b, 'eve')]
    await ada.say({ type: 'presence', ref: 7, channel: 'c', action: 'watch' })
    isOpen = false
    await a.unsubscribe({ user: 'ada' }, 'c')
    expect(ada.only('error')).toMatchObject({ ref: 7, code: 'FORBIDDEN' })
    await eve.say({ type: 'presence', ref: 1, channel: 'c', action: 'enter' })
    expect(ada.all('join')).toEqual([])
    await ada.say({ type: 'presence', ref: 8, channel: 'c', action: 'watch' })
    expect(ada.all('error').map(({ ref }) => ref)).toEqual([7, 8])
  })

  test('ends a watch that was allowed and waits for room on a link that reads nothing', async () => {
    const banned = new Set<string>()
    const w = three({ rules: false, limits: { sendQueueSoftBytes: 2_000 } })
    for (const each of [w.a, w.b]) {
      each.channel('c', { subscribe: ({ user }) => !banned.has(user?.id ?? ''), presence: true })
      each.channel('much', { subscribe: true })
    }
    const spy = await w.signIn(w.b, 'spy')
    spy.stall()
    await spy.subscribe({ channel: 'much', generation: 1 })
    for (let i = 0; i < 5; i++) await w.a.publish('much', 'x'.repeat(1_000))
    await w.clock.settle()
    await spy.say({ type: 'presence', ref: 1, channel: 'c', action: 'watch' })
    banned.add('spy')
    await w.a.unsubscribe({ user: 'spy' }, 'c')
    await spy.resume()
    const ada = await w.signIn(w.a, 'ada')
    await ada.say({ type: 'presence', ref: 1, channel: 'c', action: 'enter' })
    await w.clock.settle()
    expect(spy.only('error')).toMatchObject({ ref: 1, code: 'FORBIDDEN' })
    expect([spy.all('reply'), spy.all('join')]).toEqual([[], []])
  })

  test('ends one that the rule has yet to decide on', async () => {
    const gate = new Gate()
    const { a, signIn, clock } = three({ rules: false })
    a.channel('c', { subscribe: () => gate.after(async () => true) })
    const client = await signIn(a, 'ada')
    gate.close()
    await client.subscribe({ channel: 'c', generation: 1 })
    await a.unsubscribe({ user: 'ada' }, 'c')
    gate.open()
    await clock.settle()
    expect(client.only('unsubscribed')).toMatchObject({ generation: 1, code: 'FORBIDDEN' })
    expect(client.all('subscribed')).toEqual([])
  })

  test('says nothing to a session that does not subscribe', async () => {
    const { a, signIn } = three()
    const client = await signIn(a, 'ada')
    expect(await a.unsubscribe({ user: 'ada' }, 'c')).toEqual({ sessions: 1, complete: true })
    expect(client.all('unsubscribed')).toEqual([])
  })
})

describe('a call to a client of another node', () => {
  test('goes to the session of a user that connected last, wherever it is', async () => {
    const { a, b, c, signIn, clock } = three()
    const links = [await signIn(a, 'ada')]
    await clock.advance(1)
    links.push(await signIn(b, 'ada'))
    await clock.advance(1)
    links.push(await signIn(c, 'ada'))
    const call = watched(a.call({ user: 'ada' }, 'm', { x: 1 }, { meta: { t: '1' } }))
    await clock.settle()
    expect(links.map((each) => each.all('call').length)).toEqual([0, 0, 1])
    expect(links[2]?.only('call')).toEqual({ type: 'call', ref: 1, method: 'm', data: { x: 1 }, meta: { t: '1' } })
    await links[2]?.say({ type: 'result', ref: 1, data: 'done' })
    expect(call.value).toBe('done')
    await links[2]?.cut()
    const next = watched(a.call({ session: links[1]?.session.id ?? '' }, 'm'))
    await clock.settle()
    await links[1]?.say({ type: 'error', ref: 1, code: 'BUSY', message: 'later', retryable: true })
    expect(next.error).toMatchObject({ code: 'BUSY', message: 'later', retryable: true })
  })

  test('is cancelled there when the caller gives up here', async () => {
    const { a, b, signIn, clock } = three()
    const client = await signIn(b, 'ada')
    const ending = new AbortController()
    const call = watched(a.call({ user: 'ada' }, 'm', undefined, { signal: ending.signal }))
    await clock.settle()
    ending.abort()
    await clock.settle()
    expect(call.error).toMatchObject({ code: 'ABORTED' })
    expect(client.only('cancel').ref).toBe(1)
  })

  test('that is given up while its session is looked for is never sent', async () => {
    const { a, b, signIn, clock } = three()
    const client = await signIn(b, 'ada')
    const ending = new AbortController()
    const call = watched(a.call({ user: 'ada' }, 'm', undefined, { signal: ending.signal }))
    await Promise.resolve()
    ending.abort()
    await clock.settle()
    expect(call.error).toMatchObject({ code: 'ABORTED' })
    expect(client.all('call')).toEqual([])
  })

  test('ends with UNKNOWN_OUTCOME when its time is over, its link ends, or its node does not answer', async () => {
    const { a, b, signIn, clock, backend } = three()
    const idle = clock.pending
    const client = await signIn(b, 'ada')
    const late = watched(a.call({ user: 'ada' }, 'm', undefined, { timeoutMs: 2_000 }))
    await clock.advance(2_000)
    expect(late.error).toMatchObject({ code: 'UNKNOWN_OUTCOME' })
    const cut = watched(a.call({ user: 'ada' }, 'm'))
    await clock.settle()
    await client.cut()
    expect(cut.error).toMatchObject({ code: 'UNKNOWN_OUTCOME' })

    const node: { control?: Control } = {}
    const ghost = (text: string): string | undefined => {
      const { id, question } = JSON.parse(text) as { id: number; question: { about: string } }
      const session = { session: 's', user: 'eve', connectedAt: 0, node: node.control?.node }
      return question.about === 'sessions' ? JSON.stringify({ kind: 'answer', id, answer: [session] }) : undefined
    }
    node.control = backend.join({
      ...deafNode,
      heard: (from, text) => {
        const answer = ghost(text)
        if (answer) void node.control?.send(from, answer)
      },
    }).control
    const gone = watched(a.call({ user: 'eve' }, 'm', undefined, { timeoutMs: 5_000 }))
    await clock.advance(5_999)
    expect(gone.error).toBeUndefined()
    await clock.advance(1)
    expect(gone.error).toMatchObject({ code: 'UNKNOWN_OUTCOME' })
    await clock.advance(20_000)
    expect(clock.pending).toBeLessThanOrEqual(idle + 1)
  })

  test('is NOT_CONNECTED when no node holds the session, or it has gone by the time the call gets there', async () => {
    const { a, b, signIn, clock } = three()
    await expect(a.call({ user: 'ada' }, 'm')).rejects.toMatchObject({ code: 'NOT_CONNECTED' })
    const client = await signIn(b, 'ada')
    await client.cut()
    const call = watched(a.call({ session: client.session.id }, 'm'))
    await clock.settle()
    expect(call.error).toMatchObject({ code: 'NOT_CONNECTED', retryable: true })
  })

  test('is UNAVAILABLE when nobody is found and a node did not answer, which may hold the session', async () => {
    const { a, b, backend, clock, signIn } = three()
    await signIn(b, 'ada')
    backend.join(deafNode)
    const [nobody, ada] = [watched(a.call({ user: 'eve' }, 'm')), watched(a.call({ user: 'ada' }, 'm'))]
    await clock.advance(999)
    expect(nobody.error).toBeUndefined()
    await clock.advance(1)
    expect(nobody.error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    // Who is found is called, whoever else is silent.
    expect(ada.error).toBeUndefined()
  })

  test('does not reach a session whose client has yet to hear that it is connected', async () => {
    const gate = new Gate()
    const { a, signIn, clock, link } = three({
      wrap: (inner) => ({
        join: (handler) => {
          const node = inner.join(handler)
          const { broker } = node
          const recover: typeof broker.recover = (...args) => gate.after(() => broker.recover(...args))
          return { ...node, broker: { ...broker, publish: broker.publish, recover } }
        },
      }),
    })
    const client = await signIn(a, 'ada')
    await client.cut()
    gate.close()
    const again = link(a)
    const acknowledged = [{ channel: 'c', epoch: 'e', offset: 1 }]
    again.tell({
      type: 'connect',
      producer: 'a-producer-of-22-chars',
      token: 'ada',
      session: client.session,
      acknowledged,
    })
    await clock.settle()
    const call = watched(a.call({ session: client.session.id }, 'm'))
    await clock.settle()
    expect(call.error).toMatchObject({ code: 'NOT_CONNECTED' })
    gate.open()
    await clock.settle()
    expect(again.heard.map(({ type }) => type)).toEqual(['connected'])
  })
})
