import { describe, expect, test } from 'vitest'
import { RealtimeError, type Credentials } from '../../src/index.js'
import { Gate } from '../support/gate.js'
import type { MemoryLink } from '../support/memory-link.js'
import { ask } from '../support/presence-room.js'
import { world } from '../support/world.js'

const HOUR_MS = 3_600_000

/**
 * A world in which a token says who somebody is, which channels are allowed, and for how many milliseconds: `ada a,b
 * 60000`. Other tokens fail in the ways that their names say.
 */
function tokens(options: Parameters<typeof world>[0] = {}) {
  const asked: Credentials[] = []
  const gate = new Gate()
  const w = world({
    ...options,
    rules: false,
    authenticate: (credentials) => {
      asked.push(credentials)
      return gate.after(async () => {
        const { token = '' } = credentials
        if (token === 'nobody') return null
        if (token === 'broken') throw new Error('the key is gone')
        if (token === 'down') throw new RealtimeError('DATABASE', 'down', { retryable: true })
        const [id = '', channels = '', ms] = token.split(' ')
        const user = id === '' ? null : { id, channels: channels.split(',') }
        return { user, ...(ms ? { expiresAt: w.clock.date() + Number(ms) } : {}) }
      })
    },
  })
  const may = ({ user, channel }: { user: object | null; channel: string }): boolean =>
    user !== null && 'channels' in user && (user.channels as string[]).includes(channel)
  w.server.channel('{name}', { subscribe: may, publish: may, presence: may })
  const signIn = async (token: string): Promise<MemoryLink> => {
    const link = w.link()
    await link.connect({ token })
    return link
  }
  return { ...w, asked, gate, may, signIn }
}

describe('the notice of an expiry', () => {
  test.each([
    ['30 s before it', HOUR_MS, HOUR_MS - 30_000, 30_000],
    ['at half of the time of a token shorter than a minute', 20_000, 10_000, 10_000],
    ['as the limit says', 60_000, 55_000, 5_000, 5_000],
  ])('comes %s, once', async (_, lifeMs, afterMs, leftMs, expiryNoticeMs = 30_000) => {
    const { signIn, clock } = tokens({ limits: { heartbeatMs: 20 * HOUR_MS, expiryNoticeMs } })
    const client = await signIn(`ada a ${lifeMs}`)
    await clock.advance(afterMs - 1)
    expect(client.all('expiring')).toEqual([])
    await clock.advance(500)
    const { expiresInMs } = client.only('expiring')
    expect(expiresInMs).toBeGreaterThan(leftMs - 501)
    expect(expiresInMs).toBeLessThanOrEqual(leftMs)
    await clock.advance(leftMs - 501)
    expect(client.end).toBeUndefined()
    await clock.advance(1_001)
    expect(client.all('expiring')).toHaveLength(1)
    expect([client.only('closing').code, client.end?.code]).toEqual([4500, 4500])
  })

  test('does not come for a token that does not expire', async () => {
    const { signIn, clock } = tokens({ limits: { heartbeatMs: 20 * HOUR_MS } })
    const client = await signIn('ada a')
    await clock.advance(10 * HOUR_MS)
    expect([client.all('expiring'), client.end]).toEqual([[], undefined])
  })

  test('does not come for one so short that there is no time for it, which ends its link', async () => {
    const { signIn, clock } = tokens()
    const client = await signIn('ada a 2')
    await clock.advance(500)
    expect([client.all('expiring'), client.end?.code]).toEqual([[], 4500])
  })
})

describe('a refresh', () => {
  test('replaces expiry and identity without a new link, and the next notice is that of the new token', async () => {
    const { signIn, clock, server, asked } = tokens({ limits: { heartbeatMs: 20 * HOUR_MS } })
    const seen: unknown[] = []
    server.method('who', (_, { user }) => void seen.push(user))
    const client = await signIn('ada a 60000')
    await clock.advance(31_000)
    await client.say({ type: 'refresh', ref: 5, token: 'ada a,b 120000' })
    expect(client.only('result')).toEqual({ type: 'result', ref: 5, expiresInMs: 120_000 })
    await client.say({ type: 'call', ref: 6, method: 'who' })
    expect(seen).toEqual([{ id: 'ada', channels: ['a', 'b'] }])
    await clock.advance(89_000)
    expect(client.all('expiring')).toHaveLength(1)
    await clock.advance(2_000)
    expect(client.all('expiring')).toHaveLength(2)
    await client.say({ type: 'refresh', ref: 7, token: 'ada a' })
    expect(client.all('result').at(-1)).toEqual({ type: 'result', ref: 7 })
    await clock.advance(10 * HOUR_MS)
    expect(client.end).toBeUndefined()
    expect(client.all('connected')).toHaveLength(1)
    expect(asked.map(({ reason }) => reason)).toEqual(['connect', 'refresh', 'refresh'])
  })

  test('shows the application the token and the address; of the request and its data nothing is kept', async () => {
    const { asked, signIn } = tokens()
    const client = await signIn('ada a')
    await client.say({ type: 'refresh', ref: 1, token: 'ada b' })
    expect(asked[1]).toEqual({
      reason: 'refresh',
      token: 'ada b',
      data: undefined,
      handshake: { url: '', headers: {}, remoteAddress: '192.0.2.1' },
    })
  })

  test.each([
    ['of another user', 'eve a', 'FORBIDDEN', false],
    ['of nobody', '', 'FORBIDDEN', false],
    ['that is not accepted', 'nobody', 'UNAUTHORIZED', false],
    ['for which authenticate throws', 'broken', 'UNAUTHORIZED', false],
    ['for which authenticate fails for now', 'down', 'INTERNAL', true],
  ])('with a token %s is refused, and all stays as it was', async (_, token, code, retryable) => {
    const { signIn, clock, asked } = tokens({ limits: { heartbeatMs: HOUR_MS } })
    const client = await signIn('ada a 60000')
    await client.subscribe({ channel: 'a', generation: 1 })
    await client.say({ type: 'refresh', ref: 90, token })
    expect(client.only('error')).toMatchObject({ ref: 90, code, ...(retryable ? { retryable } : {}) })
    expect(client.only('error').retryable ?? false).toBe(retryable)
    expect(await client.publish('a', 1, {})).toMatchObject({ type: 'reply' })
    expect(client.offsets()).toEqual([1])
    await clock.advance(59_000)
    expect(client.end).toBeUndefined()
    await clock.advance(1_500)
    expect(client.end?.code).toBe(4500)
    expect(asked).toHaveLength(2)
  })

  test('of an anonymous session by an anonymous one is done', async () => {
    const { signIn } = tokens()
    const client = await signIn('')
    await client.say({ type: 'refresh', ref: 1, token: '  60000' })
    expect(client.only('result')).toEqual({ type: 'result', ref: 1, expiresInMs: 60_000 })
  })

  test('that the link does not outlive changes nothing and is answered to nobody', async () => {
    const { signIn, gate, clock, logger } = tokens()
    const client = await signIn('ada a 60000')
    const idle = clock.pending
    gate.close()
    await client.say({ type: 'refresh', ref: 1, token: 'ada b 600000' })
    await client.cut()
    gate.open()
    await clock.settle()
    expect(client.all('result')).toEqual([])
    await clock.advance(700_000)
    expect(clock.pending).toBeLessThanOrEqual(idle)
    expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  test.each(['down', 'down again'])('that fails here is asked for again while there is time: %s', async (how) => {
    const { signIn, clock, asked } = tokens({ limits: { heartbeatMs: 20 * HOUR_MS } })
    const client = await signIn('ada a 60000')
    await clock.advance(31_000)
    expect(client.all('expiring')).toHaveLength(1)
    await client.say({ type: 'refresh', ref: 1, token: 'down' })
    expect(client.only('error')).toMatchObject({ ref: 1, code: 'INTERNAL', retryable: true })
    await clock.advance(13_000)
    expect(client.all('expiring')).toHaveLength(1)
    await clock.advance(2_500)
    expect(client.all('expiring')).toHaveLength(2)
    expect(client.all('expiring')[1]?.expiresInMs).toBeLessThanOrEqual(15_000)
    if (how === 'down again') {
      await client.say({ type: 'refresh', ref: 2, token: 'down' })
      await clock.advance(7_500)
      expect(client.all('expiring')).toHaveLength(3)
    }
    await client.say({ type: 'refresh', ref: 3, token: 'ada a' })
    await clock.advance(HOUR_MS)
    expect([client.end, asked.at(-1)?.token]).toEqual([undefined, 'ada a'])
  })

  test('that fails here and is asked for again ends the link at the expiry all the same, at most a notice a second', async () => {
    const { signIn, clock } = tokens({ limits: { heartbeatMs: 20 * HOUR_MS } })
    const client = await signIn('ada a 8000')
    let answered = 0
    for (let ms = 0; ms < 9_000 && !client.end; ms += 100) {
      await clock.advance(100)
      if (client.end || client.all('expiring').length === answered) continue
      answered += 1
      await client.say({ type: 'refresh', ref: answered, token: 'down' })
    }
    expect(client.end?.code).toBe(4500)
    expect(answered).toBeGreaterThan(1)
    expect(answered).toBeLessThan(6)
  })

  test('of a token that is not accepted is not asked for again', async () => {
    const { signIn, clock } = tokens({ limits: { heartbeatMs: 20 * HOUR_MS } })
    const client = await signIn('ada a 60000')
    await clock.advance(31_000)
    await client.say({ type: 'refresh', ref: 1, token: 'nobody' })
    await clock.advance(32_000)
    expect([client.all('expiring').length, client.end?.code]).toEqual([1, 4500])
  })

  test('that comes after the expiry finds no link; one that is being judged at that moment is too late', async () => {
    const { signIn, gate, clock } = tokens()
    const client = await signIn('ada a 2000')
    gate.close()
    await client.say({ type: 'refresh', ref: 1, token: 'ada a 60000' })
    await clock.advance(2_500)
    gate.open()
    await clock.settle()
    expect([client.end?.code, client.all('result')]).toEqual([4500, []])
  })

  test('follows the one before: the last token counts, however long the first takes', async () => {
    const { signIn, gate, clock } = tokens()
    const client = await signIn('ada a 60000')
    gate.close()
    client.tell({ type: 'refresh', ref: 1, token: 'ada a 120000' })
    client.tell({ type: 'refresh', ref: 2, token: 'ada a 240000' })
    await clock.settle()
    expect(gate.size).toBe(1)
    gate.open()
    await clock.settle()
    expect(client.all('result').map(({ ref, expiresInMs }) => [ref, expiresInMs])).toEqual([
      [1, 120_000],
      [2, 240_000],
    ])
  })

  test('is refused as RATE_LIMITED when 64 wait', async () => {
    const { signIn, gate, clock } = tokens()
    const client = await signIn('ada a')
    gate.close()
    for (let ref = 1; ref <= 65; ref++) client.tell({ type: 'refresh', ref, token: 'ada a' })
    await clock.settle()
    expect(client.only('error')).toMatchObject({ ref: 65, code: 'RATE_LIMITED' })
    gate.open()
    await clock.settle()
  })

  test('without an authenticate is done, since everybody is anonymous', async () => {
    const { connected } = world()
    const client = await connected()
    await client.say({ type: 'refresh', ref: 1, token: 'whatever' })
    expect(client.only('result')).toEqual({ type: 'result', ref: 1 })
  })
})

describe('the rules, asked again after a refresh,', () => {
  test('end what is denied now, and leave what is allowed', async () => {
    const { signIn, server, clock } = tokens()
    const client = await signIn('ada a,b')
    await client.subscribe({ channel: 'a', generation: 1 })
    await client.subscribe({ channel: 'b', generation: 4 })
    await client.say({ type: 'refresh', ref: 1, token: 'ada b' })
    expect(client.only('unsubscribed')).toMatchObject({ channel: 'a', generation: 1, code: 'FORBIDDEN' })
    await server.publish('a', 'secret')
    await server.publish('b', 'open')
    await clock.settle()
    expect(client.all('publication').map(({ data }) => data)).toEqual(['open'])
  })

  test('take the session out of the presence of what is denied, and end what it watches there', async () => {
    const { signIn, server, clock } = tokens()
    const client = await signIn('ada a,b')
    let ref = 0
    for (const channel of ['a', 'b']) {
      await client.say({ type: 'presence', ref: ++ref, channel, action: 'enter' })
      await client.say({ type: 'presence', ref: ++ref, channel, action: 'watch' })
    }
    await client.say({ type: 'refresh', ref: 9, token: 'ada b' })
    await clock.settle()
    expect([(await server.presence('a')).count, (await server.presence('b')).count]).toEqual([0, 1])
    expect(client.only('error')).toMatchObject({ ref: 2, code: 'FORBIDDEN' })
    const other = await signIn('bob a,b')
    client.take()
    for (const channel of ['a', 'b']) await other.say({ type: 'presence', ref: 1, channel, action: 'enter' })
    expect(client.take()).toMatchObject([{ type: 'join', channel: 'b' }])
  })

  test('do not let through who asked with the old identity and was allowed after it was gone', async () => {
    const w = tokens()
    const rule = new Gate()
    const users: unknown[] = []
    w.server.channel('slow', {
      subscribe: ({ user }) => {
        users.push(user)
        return rule.after(
          async () => user !== null && 'channels' in user && (user.channels as string[]).includes('slow'),
        )
      },
    })
    const client = await w.signIn('ada slow')
    rule.close()
    await client.subscribe({ channel: 'slow', generation: 1 })
    await client.say({ type: 'refresh', ref: 1, token: 'ada b' })
    rule.open()
    await w.clock.settle()
    expect(users).toHaveLength(2)
    expect(client.all('subscribed')).toEqual([])
    expect(client.only('unsubscribed').code).toBe('FORBIDDEN')
  })

  test('do not let in who was allowed to be present in the same turn in which the identity changed', async () => {
    const w = tokens()
    const rule = new Gate()
    w.server.channel('slow', { presence: (asker) => rule.after(async () => w.may(asker)) })
    const client = await w.signIn('ada slow')
    rule.close()
    await client.say({ type: 'presence', ref: 1, channel: 'slow', action: 'enter' })
    w.gate.close()
    await client.say({ type: 'refresh', ref: 2, token: 'ada b' })
    // Both answers at once, as when they come from one reading of a database.
    w.gate.open()
    rule.open()
    await w.clock.settle()
    expect((await w.server.presence('slow')).count).toBe(0)
    expect(client.only('error')).toMatchObject({ ref: 1, code: 'FORBIDDEN' })
  })

  test('do not let watch who asked when it was allowed, and read nothing until it was not', async () => {
    const { signIn, server, clock } = tokens({ limits: { sendQueueSoftBytes: 2_000 } })
    const spy = await signIn('spy a,b')
    spy.stall()
    await spy.subscribe({ channel: 'b', generation: 1 })
    for (let i = 0; i < 5; i++) await server.publish('b', 'x'.repeat(1_000))
    await clock.settle()
    await spy.say({ type: 'presence', ref: 1, channel: 'a', action: 'watch' })
    await spy.say({ type: 'refresh', ref: 2, token: 'spy b' })
    const ada = await signIn('ada a')
    await ask(ada, 'enter', 'before', 'a')
    await spy.resume()
    await ask(ada, 'enter', 'after', 'a')
    expect(spy.only('error')).toMatchObject({ ref: 1, code: 'FORBIDDEN' })
    expect([spy.all('reply'), spy.all('join')]).toEqual([[], []])
  })

  test('do not take out who has entered anew, with what is allowed, while they were asked', async () => {
    const w = tokens()
    const answers: Array<() => void> = []
    let isSlow = false
    w.server.channel('shows', {
      presence: async ({ user, data }) => {
        if (isSlow) await new Promise<void>((resolve) => answers.push(resolve))
        return w.may({ user, channel: String(data) })
      },
    })
    const client = await w.signIn('ada x')
    await ask(client, 'enter', 'x', 'shows')
    isSlow = true
    await client.say({ type: 'refresh', ref: 1, token: 'ada y' })
    await client.say({ type: 'presence', ref: 2, channel: 'shows', action: 'enter', data: 'y' })
    for (const answer of answers.reverse()) {
      answer()
      await w.clock.settle()
    }
    expect(client.answer(2).type).toBe('reply')
    expect((await w.server.presence('shows')).members).toMatchObject([{ user: 'ada', data: 'y' }])
  })

  test('that fail end the subscription with an error after which the client asks again', async () => {
    const w = tokens()
    let broken = false
    w.server.channel('c', {
      subscribe: () => {
        if (broken) throw new Error('bug')
        return true
      },
    })
    const client = await w.signIn('ada c')
    await client.subscribe({ channel: 'c', generation: 1 })
    broken = true
    await client.say({ type: 'refresh', ref: 1, token: 'ada c' })
    expect(client.only('unsubscribed')).toMatchObject({ code: 'INTERNAL', retryable: true })
  })

  test('do not end a subscription that took the place of the one they were asked about', async () => {
    const w = tokens()
    const rule = new Gate()
    let allowed = true
    w.server.channel('slow', {
      subscribe: () => {
        const verdict = allowed
        return rule.after(async () => verdict)
      },
    })
    const client = await w.signIn('ada slow')
    await client.subscribe({ channel: 'slow', generation: 1 })
    rule.close()
    allowed = false
    await client.say({ type: 'refresh', ref: 1, token: 'ada slow' })
    allowed = true
    await client.subscribe({ channel: 'slow', generation: 2 })
    rule.open()
    await w.clock.settle()
    expect(client.all('unsubscribed')).toEqual([])
    expect(client.all('subscribed').map(({ generation }) => generation)).toEqual([1, 2])
  })
})
