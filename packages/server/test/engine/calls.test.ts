import type { Contract, MethodContract, ServerFrame } from '@org/realtime-protocol'
import { describe, expect, test } from 'vitest'
import { RealtimeError, type CallContext } from '../../src/index.js'
import type { MemoryLink } from '../support/memory-link.js'
import { schema } from '../support/schema.js'
import { world } from '../support/world.js'

/** A promise that a test settles. */
function later<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** What the server said to calls of the client. */
const answers = (link: MemoryLink): ServerFrame[] =>
  link.heard.filter(({ type }) => type === 'result' || type === 'error')

/** A promise that is watched, so that one that fails early disturbs nobody. */
function watched<T>(promise: Promise<T>) {
  const seen: { value?: T; error?: RealtimeError; ends: number } = { ends: 0 }
  promise.then(
    (value) => Object.assign(seen, { value, ends: seen.ends + 1 }),
    (error: unknown) => Object.assign(seen, { error, ends: seen.ends + 1 }),
  )
  return seen
}

const numbers: MethodContract = {
  input: schema((value) => (typeof value === 'number' ? { value: value + 0.5 } : { issues: ['no number'] })),
  output: schema((value) => (typeof value === 'number' ? { value: value * 10 } : { issues: ['no number'] })),
}
const shape: Contract = { methods: { double: numbers, echo: {} }, clientMethods: { double: numbers, echo: {} } }

describe('a method of the server', () => {
  test('gets what the input schema gave, and answers what the output schema gave', async () => {
    const w = world({ contract: shape })
    w.server.method('double', (input) => (input as number) * 2)
    const client = await w.connected()
    await client.say({ type: 'call', ref: 7, method: 'double', data: 1 })
    expect(answers(client)).toEqual([{ type: 'result', ref: 7, data: 30 }])
  })

  test('learns who calls, from which session, and what travels for tools', async () => {
    const w = world({ authenticate: () => ({ user: { id: 'ada', role: 'cook' } }) })
    const contexts: CallContext[] = []
    w.server.method('who', (_, context) => void contexts.push(context))
    const client = await w.connected()
    await client.say({ type: 'call', ref: 1, method: 'who', meta: { traceparent: '00-1' } })
    expect(answers(client)).toEqual([{ type: 'result', ref: 1 }])
    const told = contexts.map(({ user, session, attributes, signal, meta }) => ({
      user,
      session,
      attributes,
      signal,
      meta,
    }))
    expect(told).toEqual([
      {
        user: { id: 'ada', role: 'cook' },
        session: client.only('connected').session.id,
        attributes: {},
        signal: expect.any(AbortSignal) as AbortSignal,
        meta: { traceparent: '00-1' },
      },
    ])
    expect(Object.keys(contexts[0] ?? {}), 'nothing of the engine').toEqual(['meta', 'user', 'session', 'attributes'])
  })

  test('finds the signal aborted, when it looks only after the caller has given up', async () => {
    const w = world()
    let go: () => void = () => undefined
    const signals: AbortSignal[] = []
    w.server.method('slow', async (_, context) => {
      await new Promise<void>((resolve) => (go = resolve))
      signals.push(context.signal)
    })
    const client = await w.connected()
    await client.say({ type: 'call', ref: 1, method: 'slow' })
    await client.say({ type: 'cancel', ref: 1 })
    go()
    await w.clock.settle()
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })

  test.each<[string, unknown, Partial<ServerFrame>]>([
    ['that is not served', 'nothing', { code: 'UNKNOWN_METHOD' }],
    ['whose input does not fit', 'double', { code: 'INVALID_DATA', message: 'no number' }],
    [
      'that throws something',
      'bad',
      { code: 'INTERNAL', retryable: true, message: 'a hook or a method of the application failed' },
    ],
    ['that throws an error on purpose', 'own', { code: 'SOLD_OUT', message: 'none left' }],
    ['that throws one that can be repeated', 'again', { code: 'UNAVAILABLE', retryable: true }],
    ['that throws one whose code is none', 'odd', { code: 'INTERNAL' }],
    ['whose answer does not fit', 'wrong', { code: 'INTERNAL' }],
    ['whose answer has no JSON', 'loop', { code: 'INTERNAL', message: 'the answer cannot be JSON' }],
    ['whose answer is too large', 'huge', { code: 'TOO_LARGE', message: 'an answer has at most 262144 bytes' }],
  ])('%s answers an error', async (_, method, expected) => {
    const w = world({
      contract: {
        methods: {
          ...shape.methods,
          nothing: {},
          bad: {},
          own: {},
          again: {},
          odd: {},
          wrong: numbers,
          loop: {},
          huge: {},
        },
      },
    })
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    w.server
      .method('double', () => 1)
      .method('bad', () => Promise.reject(new Error('password of the database')))
      .method('own', () => Promise.reject(new RealtimeError('SOLD_OUT', 'none left')))
      .method('again', () => Promise.reject(new RealtimeError('UNAVAILABLE', 'later', { retryable: true })))
      .method('odd', () => Promise.reject(new RealtimeError('no code', 'a secret')))
      .method('wrong', () => 'no number')
      .method('loop', () => loop)
      .method('huge', () => 'x'.repeat(262_144))
    const client = await w.connected()
    const data = method === 'wrong' ? 1 : 'text'
    await client.say({ type: 'call', ref: 1, method: method as string, data })
    expect(answers(client)).toMatchObject([{ type: 'error', ref: 1, ...expected }])
    expect(JSON.stringify(answers(client))).not.toMatch(/password|secret/)
    expect(client.end).toBeUndefined()
  })

  test('says besides what an error has as data; what cannot be sent is left out, and logged', async () => {
    const { server, connected, logger } = world()
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    const all = {
      left: { left: 3 },
      none: undefined,
      null: null,
      loop,
      long: 'é'.repeat(8_192),
      fits: 'x'.repeat(16_382),
    }
    for (const [name, data] of Object.entries(all)) {
      server.method(name, () => Promise.reject(new RealtimeError('SOLD_OUT', 'none left', { data })))
    }
    const client = await connected()
    for (const [ref, method] of Object.keys(all).entries()) await client.say({ type: 'call', ref, method })
    const frames = answers(client) as Array<{ readonly code: string; readonly data?: unknown }>
    expect(frames.map(({ code }) => code)).toEqual(Array.from({ length: 6 }, () => 'SOLD_OUT'))
    expect(frames.map(({ data }) => data)).toEqual([{ left: 3 }, undefined, null, undefined, undefined, all.fits])
    expect(logger.of('error').filter((line) => line.includes('data of an error'))).toHaveLength(2)
  })

  test('is one of several that are served at once, each held to the contract', async () => {
    const { server, connected } = world({ contract: shape })
    server.methods({ double: (n) => n, echo: (input, { session }) => [input, session] })
    const client = await connected()
    await client.say({ type: 'call', ref: 1, method: 'double', data: 2 })
    await client.say({ type: 'call', ref: 2, method: 'echo', data: 'x' })
    const { id } = client.only('connected').session
    expect(answers(client)).toMatchObject([{ data: 25 }, { data: ['x', id] }])
    expect(() => server.methods({ triple: () => 3 })).toThrow('triple')
  })

  test('answers a message of at most 1,000 characters', async () => {
    const w = world()
    w.server.method('own', () => Promise.reject(new RealtimeError('OWN', 'x'.repeat(5_000))))
    const client = await w.connected()
    await client.say({ type: 'call', ref: 1, method: 'own' })
    expect(client.only('error').message).toHaveLength(1_000)
  })

  test('is logged when it fails by accident, not when it fails on purpose', async () => {
    const w = world()
    w.server.method('bad', () => Promise.reject(new Error('bug')))
    w.server.method('own', () => Promise.reject(new RealtimeError('OWN', 'no')))
    const client = await w.connected()
    await client.say({ type: 'call', ref: 1, method: 'own' })
    expect(w.logger.lines.filter(({ level }) => level === 'error')).toEqual([])
    await client.say({ type: 'call', ref: 2, method: 'bad' })
    expect(w.logger.lines.filter(({ level }) => level === 'error')).toMatchObject([
      { message: 'method failed', fields: { method: 'bad' } },
    ])
  })

  test('runs beside the other calls of its link: a slow one holds up nobody', async () => {
    const w = world()
    const slow = later<string>()
    w.server.method('slow', () => slow.promise).method('fast', () => 'fast')
    const client = await w.connected()
    await client.say({ type: 'call', ref: 1, method: 'slow' })
    await client.say({ type: 'call', ref: 2, method: 'fast' })
    expect(answers(client)).toEqual([{ type: 'result', ref: 2, data: 'fast' }])
    expect(await client.publish('c', 1)).toMatchObject({ type: 'reply' })
    slow.resolve('slow')
    await w.clock.settle()
    expect(answers(client).at(-1)).toEqual({ type: 'result', ref: 1, data: 'slow' })
  })

  test('is refused as RATE_LIMITED while 64 calls of the link run, cancelled ones included', async () => {
    const w = world()
    const gates = Array.from({ length: 66 }, () => later<number>())
    let begun = 0
    w.server.method('slow', () => gates[begun++]!.promise)
    const client = await w.connected()
    for (let ref = 1; ref <= 64; ref++) await client.say({ type: 'call', ref, method: 'slow' })
    await client.say({ type: 'cancel', ref: 1 })
    await client.say({ type: 'call', ref: 65, method: 'slow' })
    expect(answers(client)).toMatchObject([{ ref: 65, code: 'RATE_LIMITED', retryable: true, retryAfterMs: 1_000 }])
    expect(begun).toBe(64)
    gates[0]!.resolve(0)
    await w.clock.settle()
    await client.say({ type: 'call', ref: 66, method: 'slow' })
    expect(begun).toBe(65)
    expect((await w.connected()).end).toBeUndefined()
  })

  test('that takes longer than callTimeoutMs is told to end, and its caller that the outcome is unknown, once', async () => {
    const w = world({ limits: { callTimeoutMs: 5_000, heartbeatMs: 600_000 } })
    const slow = later<string>()
    let ended = 0
    w.server.method('slow', (_, { signal }) => {
      signal.addEventListener('abort', () => (ended += 1))
      return slow.promise
    })
    const client = await w.connected()
    await client.say({ type: 'call', ref: 1, method: 'slow' })
    await w.clock.advance(4_999)
    expect([ended, answers(client)]).toEqual([0, []])
    await w.clock.advance(501)
    expect(ended).toBe(1)
    expect(answers(client)).toMatchObject([{ type: 'error', ref: 1, code: 'UNKNOWN_OUTCOME' }])
    slow.resolve('late')
    await w.clock.settle()
    expect(answers(client)).toHaveLength(1)
  })

  test('that is cancelled is told to end, and its answer goes to nobody, not even to a later call of the number', async () => {
    const w = world()
    const gates: Array<ReturnType<typeof later<string>>> = []
    const signals: AbortSignal[] = []
    w.server.method('slow', (_, { signal }) => {
      signals.push(signal)
      gates.push(later())
      return gates.at(-1)!.promise
    })
    const client = await w.connected()
    await client.say({ type: 'call', ref: 1, method: 'slow' })
    await client.say({ type: 'cancel', ref: 1 })
    await client.say({ type: 'call', ref: 1, method: 'slow' })
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
    gates[0]!.resolve('first')
    await w.clock.settle()
    expect(answers(client)).toEqual([])
    gates[1]!.resolve('second')
    await w.clock.settle()
    expect(answers(client)).toEqual([{ type: 'result', ref: 1, data: 'second' }])
    await client.say({ type: 'cancel', ref: 1 })
    await client.say({ type: 'cancel', ref: 99 })
    expect(client.end).toBeUndefined()
  })

  test('does not begin when it is cancelled while its schema is asked', async () => {
    const gate = later<void>()
    const input = schema(async (value) => {
      await gate.promise
      return { value }
    })
    const w = world({ contract: { methods: { slow: { input } } } })
    let begun = 0
    w.server.method('slow', () => void (begun += 1))
    const client = await w.connected()
    await client.say({ type: 'call', ref: 1, method: 'slow' })
    await client.say({ type: 'cancel', ref: 1 })
    gate.resolve()
    await w.clock.settle()
    expect([begun, answers(client)]).toEqual([0, []])
  })

  test('is told to end when its link does, and nothing is left behind', async () => {
    const w = world()
    const idle = w.clock.pending
    const slow = later<string>()
    let signal: AbortSignal | undefined
    w.server.method('slow', (_, context) => {
      signal = context.signal
      return slow.promise
    })
    const client = await w.connected()
    await client.say({ type: 'call', ref: 1, method: 'slow' })
    await client.cut()
    expect(signal?.aborted).toBe(true)
    await w.clock.advance(20_000)
    expect(w.clock.pending).toBe(idle)
    slow.reject(new Error('too late'))
    await w.clock.settle()
    expect(w.logger.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('answers a slow reader when it has room, so that answers cannot cut its link', async () => {
    const w = world()
    w.server.method('big', () => 'x'.repeat(200_000))
    const client = await w.connected()
    client.stall()
    for (let ref = 1; ref <= 20; ref++) await client.say({ type: 'call', ref, method: 'big' })
    expect(client.end).toBeUndefined()
    expect(client.bufferedBytes).toBeLessThan(600_000)
    await client.resume()
    expect(client.end).toBeUndefined()
    expect(answers(client).map((frame) => 'ref' in frame && frame.ref)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    )
  })

  test('keeps a link that waits for its answer busy, so that a drain sends the others first', async () => {
    const w = world()
    const slow = later<string>()
    w.server.method('slow', () => slow.promise)
    const [busy, idle] = [await w.connected(), await w.connected()]
    await busy.say({ type: 'call', ref: 1, method: 'slow' })
    const closing = w.server.close({ drainMs: 10_000 })
    await w.clock.advance(9_000)
    expect([busy.end, idle.end?.code]).toEqual([undefined, 4000])
    slow.resolve('done')
    await w.clock.advance(1_000)
    await closing
    expect([answers(busy)[0]?.type, busy.end?.code]).toEqual(['result', 4000])
  })

  test('must be in the contract, and have a name', () => {
    const { server } = world({ contract: shape })
    expect(() => server.method('missing', () => 1)).toThrow(TypeError)
    expect(() => world().server.method('', () => 1)).toThrow('1 to 255 bytes')
    expect(() => world().server.method('x'.repeat(256), () => 1)).toThrow('1 to 255 bytes')
    expect(() => world({ contract: { methods: {} } }).server.method('toString', () => 1)).toThrow(TypeError)
  })
})

describe('a call to a client', () => {
  async function signedIn(options: Parameters<typeof world>[0] = {}) {
    const w = world({ authenticate: ({ token }) => ({ user: token ? { id: token } : null }), ...options })
    const client = await w.connected(w.server, { token: 'ada' })
    const session = client.only('connected').session.id
    return { ...w, client, session }
  }

  test('sends what the input schema gave, and gives what the output schema makes of the answer', async () => {
    const { server, client, session, clock } = await signedIn({ contract: shape })
    const call = watched(server.call({ session }, 'double', 1, { meta: { traceparent: '00-1' } }))
    await clock.settle()
    expect(client.only('call')).toEqual({
      type: 'call',
      ref: 1,
      method: 'double',
      data: 1.5,
      meta: { traceparent: '00-1' },
    })
    await client.say({ type: 'result', ref: 1, data: 4 })
    expect(call).toEqual({ value: 40, ends: 1 })
  })

  test('gives what the client says went wrong', async () => {
    const { server, client, session, clock } = await signedIn()
    const said = [
      { code: 'BUSY', message: 'later', retryable: true },
      { code: 'UNKNOWN_METHOD', message: 'nobody here serves this method' },
      { code: 'not a code', message: 'x' },
    ]
    const calls = said.map(() => watched(server.call({ session }, 'm')))
    await clock.settle()
    for (const [i, error] of said.entries()) await client.say({ type: 'error', ref: i + 1, ...error })
    expect(calls.map(({ error }) => error?.code)).toEqual(['BUSY', 'UNKNOWN_METHOD', 'INTERNAL'])
    expect(calls[0]?.error).toMatchObject({ name: 'RealtimeError', message: 'later', retryable: true })
  })

  test('that does not fit its schema is not sent; an answer that does not is INVALID_DATA', async () => {
    const { server, client, session, clock } = await signedIn({ contract: shape })
    await expect(server.call({ session }, 'double', 'x')).rejects.toMatchObject({ code: 'INVALID_DATA' })
    expect(client.all('call')).toEqual([])
    const call = watched(server.call({ session }, 'double', 1))
    await clock.settle()
    await client.say({ type: 'result', ref: 1, data: 'x' })
    expect(call.error).toMatchObject({ code: 'INVALID_DATA', message: 'no number' })
  })

  test('goes to the session of a user that connected last, and to the one before when that has gone', async () => {
    const { server, client, clock, connected } = await signedIn()
    const other = await connected(server, { token: 'eve' })
    const later = await connected(server, { token: 'ada' })
    void server.call({ user: 'ada' }, 'm').catch(() => undefined)
    await clock.settle()
    expect([client.all('call').length, other.all('call').length, later.all('call').length]).toEqual([0, 0, 1])
    await later.cut()
    void server.call({ user: 'ada' }, 'm').catch(() => undefined)
    await clock.settle()
    expect(client.all('call')).toHaveLength(1)
  })

  test('is NOT_CONNECTED without a link: unknown, gone, or not yet told that it is connected', async () => {
    const { server, client, session, clock, backend } = await signedIn()
    await expect(server.call({ session: 'nobody' }, 'm')).rejects.toMatchObject({
      code: 'NOT_CONNECTED',
      retryable: true,
    })
    await client.cut()
    await expect(server.call({ session }, 'm')).rejects.toMatchObject({ code: 'NOT_CONNECTED' })
    await expect(server.call({ user: 'ada' }, 'm')).rejects.toMatchObject({ code: 'NOT_CONNECTED' })
    expect(backend).toBeDefined()
    await clock.settle()
  })

  test('ends with UNKNOWN_OUTCOME when its link does', async () => {
    const { server, client, session, clock } = await signedIn()
    const call = watched(server.call({ session }, 'm'))
    await clock.settle()
    await client.cut()
    expect(call).toMatchObject({ error: { code: 'UNKNOWN_OUTCOME', retryable: false }, ends: 1 })
  })

  test('ends with UNKNOWN_OUTCOME when its time is over, and the client is told; a late answer goes to nobody', async () => {
    const { server, client, session, clock } = await signedIn()
    const call = watched(server.call({ session }, 'm', undefined, { timeoutMs: 1_000 }))
    await clock.advance(999)
    expect(call.ends).toBe(0)
    await clock.advance(1)
    expect(call).toMatchObject({ error: { code: 'UNKNOWN_OUTCOME' }, ends: 1 })
    expect(client.only('cancel')).toEqual({ type: 'cancel', ref: 1 })
    const next = watched(server.call({ session }, 'm'))
    await clock.settle()
    await client.say({ type: 'result', ref: 1, data: 'late' })
    expect(next.ends).toBe(0)
    await client.say({ type: 'result', ref: 2, data: 'next' })
    expect(next).toEqual({ value: 'next', ends: 1 })
  })

  test('ends with ABORTED when its signal says so, and the client is told; before it is sent, nobody is', async () => {
    const { server, client, session, clock } = await signedIn()
    const ending = new AbortController()
    const call = watched(server.call({ session }, 'm', undefined, { signal: ending.signal }))
    await clock.settle()
    ending.abort(new Error('the page was left'))
    await clock.settle()
    expect(call).toMatchObject({ error: { code: 'ABORTED', message: 'the page was left' }, ends: 1 })
    expect(client.only('cancel').ref).toBe(1)
    const late = server.call({ session }, 'm', undefined, { signal: ending.signal })
    await expect(late).rejects.toMatchObject({ code: 'ABORTED' })
    expect(client.all('call')).toHaveLength(1)
  })

  test('leaves nothing behind: no timer, no listener', async () => {
    const { server, client, session, clock } = await signedIn()
    const idle = clock.pending
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    Object.assign(signal, {
      addEventListener: (...args: Parameters<typeof add>) => void ((listeners += 1), add(...args)),
      removeEventListener: (...args: Parameters<typeof remove>) => void ((listeners -= 1), remove(...args)),
    })
    const calls = [1, 2].map(() => watched(server.call({ session }, 'm', undefined, { signal })))
    await clock.settle()
    expect([listeners, clock.pending]).toEqual([2, idle + 2])
    await client.say({ type: 'result', ref: 1 })
    await client.say({ type: 'error', ref: 2, code: 'NO', message: '' })
    expect([listeners, clock.pending, calls.map(({ ends }) => ends)]).toEqual([0, idle, [1, 1]])
  })

  test('is refused while 64 wait on the link, and when it is too large or has no JSON', async () => {
    const { server, client, session, clock } = await signedIn()
    for (let i = 0; i < 64; i++) void server.call({ session }, 'm').catch(() => undefined)
    await clock.settle()
    await expect(server.call({ session }, 'm')).rejects.toMatchObject({ code: 'RATE_LIMITED', retryable: true })
    expect(client.all('call')).toHaveLength(64)
    await client.say({ type: 'result', ref: 64 })
    await expect(server.call({ session }, 'm', 1n)).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(server.call({ session }, 'm', 'x'.repeat(262_144))).rejects.toMatchObject({ code: 'TOO_LARGE' })
  })

  test('is refused when the link has more to send than it should', async () => {
    const { server, client, session, clock } = await signedIn()
    client.stall()
    const calls = [1, 2].map(() => watched(server.call({ session }, 'm', 'x'.repeat(140_000))))
    await clock.settle()
    await expect(server.call({ session }, 'm')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    expect(client.end).toBeUndefined()
    await client.resume()
    await client.say({ type: 'result', ref: 1, data: 'read' })
    expect(calls[0]).toEqual({ value: 'read', ends: 1 })
    void server.call({ session }, 'm').catch(() => undefined)
    await clock.settle()
    expect(client.all('call').map(({ ref }) => ref)).toEqual([1, 2, 3])
  })

  test('has answers to calls that were never made ignored', async () => {
    const { client } = await signedIn()
    await client.say({ type: 'result', ref: 12, data: 1 })
    await client.say({ type: 'error', ref: 13, code: 'X', message: '' })
    expect(client.end).toBeUndefined()
  })
})
