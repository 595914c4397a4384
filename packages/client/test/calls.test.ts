import { describe, expect, test, vi } from 'vitest'
import { RealtimeError, type MethodContext } from '../src/index.js'
import type { Engine } from '../src/engine.js'
import { BAD_METAS } from './support/metas.js'
import { later, settled } from './support/settled.js'
import { outcome, World, type FakeLink } from './support/world.js'

/** Answers the latest call. */
const answer = (link: FakeLink, data: unknown) => link.say({ type: 'result', ref: link.last('call').ref, data })

describe('a call', () => {
  test('carries its input and meta, and gives what the method returned', async () => {
    const world = new World()
    const link = await world.connect()
    const call = world.client.call('rename', { title: 'a' }, { meta: { traceparent: 't' } })
    const { ref, ...frame } = link.last('call')
    expect(frame).toEqual({ type: 'call', method: 'rename', data: { title: 'a' }, meta: { traceparent: 't' } })
    expect(ref).toBeGreaterThan(0)
    answer(link, { done: true })
    expect(await call).toEqual({ done: true })
  })

  test('that fails brings what the method says besides, as data', async () => {
    const world = new World()
    const link = await world.connect()
    const call = world.client.call('book')
    const { ref } = link.last('call')
    link.say({ type: 'error', ref, code: 'SOLD_OUT', message: 'none left', data: { left: 0 } })
    await expect(call).rejects.toMatchObject({ code: 'SOLD_OUT', message: 'none left', data: { left: 0 } })
  })

  test('needs no input, and may give nothing', async () => {
    const world = new World()
    const link = await world.connect()
    const call = world.client.call('ping')
    expect('data' in link.last('call')).toBe(false)
    link.say({ type: 'result', ref: link.last('call').ref })
    expect(await call).toBeUndefined()
  })

  test('is made for the input as it was, whatever becomes of it later', async () => {
    const world = new World()
    const input = { n: 1 }
    void world.client.call('m', input)
    input.n = 2
    const link = await world.connect()
    expect(link.last('call').data).toEqual({ n: 1 })
  })

  test('connects, and waits in the outbox until there is a link', async () => {
    const world = new World()
    const call = world.client.call('m')
    await settled()
    expect(world.links).toHaveLength(1)
    world.link.accept()
    answer(world.link, 1)
    expect(await call).toBe(1)
  })

  test('waits while the platform says that there is no network', async () => {
    const world = new World()
    const link = await world.connect()
    world.network.tell('offline')
    void world.client.call('m').catch(() => {})
    expect(link.of('call')).toEqual([])
    world.network.tell('online')
    expect(link.of('call')).toHaveLength(1)
  })

  test('rejects with the error of the server, and is not repeated however retryable', async () => {
    const world = new World()
    const link = await world.connect()
    const call = world.client.call('m')
    link.say({ type: 'error', ref: link.last('call').ref, code: 'RATE_LIMITED', message: 'slow', retryAfterMs: 70 })
    await expect(call).rejects.toMatchObject({ code: 'RATE_LIMITED', retryable: true, retryAfterMs: 70 })
    const own = world.client.call('m')
    link.say({ type: 'error', ref: link.last('call').ref, code: 'TITLE_TAKEN', message: 'choose another' })
    await expect(own).rejects.toMatchObject({ code: 'TITLE_TAKEN', message: 'choose another', retryable: false })
    await world.clock.advance(60_000)
    expect(link.of('call')).toHaveLength(2)
  })

  test('that was sent is not sent again: its outcome is unknown when the link ends', async () => {
    const world = new World()
    await world.connect()
    const call = later(world.client.call('pay'))
    const next = await world.reconnect()
    await expect(call).rejects.toMatchObject({ code: 'UNKNOWN_OUTCOME', retryable: false })
    expect(next.of('call')).toEqual([])
    expect(world.client.call('pay')).toBeInstanceOf(Promise)
    expect(next.of('call')).toHaveLength(1)
  })

  test.each([
    ['by its option', {}, { idempotent: true }],
    ['by the contract', { contract: { methods: { read: { idempotent: true } } } }, {}],
  ])('that is idempotent, %s, is sent again on the next link', async (_, options, how) => {
    const world = new World(options)
    const first = await world.connect()
    const call = world.client.call('read', 1, how)
    const second = await world.reconnect()
    expect(second.last('call')).toMatchObject({ method: 'read', data: 1 })
    answer(first, 'late news')
    expect(await outcome(call)).toBe('pending')
    answer(second, 'fresh')
    expect(await call).toBe('fresh')
  })

  test('is not idempotent when its option says so, whatever the contract says', async () => {
    const world = new World({ contract: { methods: { read: { idempotent: true } } } })
    await world.connect()
    const call = world.client.call('read', 1, { idempotent: false })
    world.link.end()
    expect(await outcome(call)).toBe('UNKNOWN_OUTCOME')
  })

  test('has 10 s, or as long as it is given, reconnects included', async () => {
    const world = new World()
    const short = world.client.call('m', 1, { timeoutMs: 50 })
    const usual = world.client.call('m')
    await world.clock.advance(49)
    expect(await outcome(short)).toBe('pending')
    await world.clock.advance(1)
    await expect(short).rejects.toMatchObject({ code: 'TIMEOUT', retryable: true })
    await world.clock.advance(9_949)
    expect(await outcome(usual)).toBe('pending')
    await world.clock.advance(1)
    expect(await outcome(usual)).toBe('TIMEOUT')
  })

  test('leaves no timer behind when its time was up', async () => {
    const world = new World()
    await world.connect()
    const { alarms } = Reflect.get(world.client, 'engine') as Engine
    const before = alarms.size
    const calls = Array.from({ length: 10 }, () => later(world.client.call('m', 1, { timeoutMs: 50 })))
    expect(alarms.size).toBe(before + 10)
    await world.clock.advance(50)
    expect(await outcome(calls[9]!)).toBe('UNKNOWN_OUTCOME')
    expect(alarms.size).toBe(before)
  })

  test('that was sent and not answered in time is cancelled, and its outcome is unknown unless it is idempotent', async () => {
    const world = new World()
    const link = await world.connect()
    const pay = later(world.client.call('pay'))
    const read = later(world.client.call('read', 1, { idempotent: true }))
    const refs = link.of('call').map(({ ref }) => ref)
    await world.clock.advance(10_000)
    expect(await outcome(pay)).toBe('UNKNOWN_OUTCOME')
    expect(await outcome(read)).toBe('TIMEOUT')
    expect(link.of('cancel').map(({ ref }) => ref)).toEqual(refs)
    answer(link, 'late news')
  })

  test('is cancelled by its signal, and nothing is sent for one that was not sent', async () => {
    const world = new World()
    const controller = new AbortController()
    const early = world.client.call('m', 1, { signal: controller.signal })
    controller.abort()
    expect(await outcome(early)).toBe('ABORTED')
    const link = await world.connect()
    expect(await outcome(world.client.call('m', 1, { signal: controller.signal }))).toBe('ABORTED')
    expect([...link.of('call'), ...link.of('cancel')]).toEqual([])
    const later = new AbortController()
    const call = world.client.call('m', 1, { signal: later.signal })
    later.abort()
    expect(await outcome(call)).toBe('ABORTED')
    expect(link.last('cancel')).toEqual({ type: 'cancel', ref: link.last('call').ref })
  })

  test('fails with CLOSED when the client closes before it is sent, else its outcome is unknown', async () => {
    const world = new World()
    const link = await world.connect()
    const sent = world.client.call('m')
    world.network.tell('offline')
    const waiting = world.client.call('m')
    await world.client.close()
    expect(await outcome(sent)).toBe('UNKNOWN_OUTCOME')
    expect(await outcome(waiting)).toBe('CLOSED')
    expect(await outcome(world.client.call('m'))).toBe('CLOSED')
    expect(link.of('cancel')).toEqual([])
    expect(world.clock.pending).toBe(0)
  })

  test('is one of at most 64 that wait for their answer; the others follow in order', async () => {
    const world = new World()
    const link = await world.connect()
    const calls = Array.from({ length: 70 }, (_, i) => world.client.call('m', i))
    expect(link.of('call').map(({ data }) => data)).toEqual([...Array(64).keys()])
    answer(link, 'any order')
    expect(await calls[63]).toBe('any order')
    expect(link.last('call').data).toBe(64)
    void world.client.channel('room').publish(1)
    expect(link.of('publish'), 'publishes have a window of their own').toHaveLength(1)
  })

  test('takes room in the outbox: one too many, or too large, is rejected at once', async () => {
    const world = new World({ outbox: { messages: 2, bytes: 100 } })
    void world.client.call('m')
    expect(await outcome(world.client.call('m', 'x'.repeat(100)))).toBe('OUTBOX_FULL')
    void world.client.channel('room').publish(1)
    expect(await outcome(world.client.call('m'))).toBe('OUTBOX_FULL')
    const wide = new World()
    await wide.connect({ limits: { messageBytes: 1_000, channels: 128, inFlight: 64 } })
    expect(await outcome(wide.client.call('m', 'x'.repeat(1_000)))).toBe('TOO_LARGE')
  })

  test.each<[string, string, unknown, object]>([
    ['an empty name', '', 1, {}],
    ['a name of 256 bytes', 'ü'.repeat(128), 1, {}],
    ['an input that is no JSON', 'm', 1n, {}],
    ['too much meta', 'm', 1, { meta: { a: 'x'.repeat(1_100) } }],
    ...BAD_METAS.map(
      (meta) => [`the meta ${JSON.stringify(meta)}`, 'm', 1, { meta }] as [string, string, unknown, object],
    ),
  ])('with %s is rejected before it could end the link', async (_, name, input, options) => {
    const world = new World()
    const link = await world.connect()
    expect(await outcome(world.client.call(name, input, options))).toBe('INVALID_DATA')
    expect(link.of('call')).toEqual([])
  })

  test('is no publish: the outbox shows none and tells nothing', async () => {
    const world = new World()
    const told = vi.fn()
    world.client.on('outbox', told)
    void world.client.call('m').catch(() => {})
    expect(world.client.outbox).toEqual([])
    await world.client.close()
    expect(told).not.toHaveBeenCalled()
  })
})

describe('a method of the client', () => {
  /** A client that serves a method, and its link. */
  async function serving(handler: (input: unknown, context: MethodContext) => unknown) {
    const world = new World()
    const off = world.client.method('confirm', handler)
    return { world, off, link: await world.connect() }
  }

  test('gets input and meta, and answers what it returns or resolves with', async () => {
    const heard: unknown[] = []
    const { link } = await serving((input, { signal, meta }) => {
      heard.push(input, meta, signal.aborted)
      return input === 1 ? { sync: true } : Promise.resolve('later')
    })
    link.say({ type: 'call', ref: 1, method: 'confirm', data: 1, meta: { a: 'b' } })
    link.say({ type: 'call', ref: 2, method: 'confirm' })
    await settled()
    expect(heard).toEqual([1, { a: 'b' }, false, undefined, undefined, false])
    expect(link.of('result')).toEqual([
      { type: 'result', ref: 1, data: { sync: true } },
      { type: 'result', ref: 2, data: 'later' },
    ])
  })

  test('tells its caller the code and text of a RealtimeError, of other errors nothing', async () => {
    const { world, link } = await serving((input) => {
      throw input === 1 ? new RealtimeError('NOT_NOW', 'the kitchen is closed') : new Error('secret')
    })
    const faults: unknown[] = []
    world.client.on('error', ({ error }) => faults.push(String(error)))
    link.say({ type: 'call', ref: 1, method: 'confirm', data: 1 }, { type: 'call', ref: 2, method: 'confirm' })
    await settled()
    expect(link.of('error')).toEqual([
      { type: 'error', ref: 1, code: 'NOT_NOW', message: 'the kitchen is closed' },
      { type: 'error', ref: 2, code: 'INTERNAL', message: 'INTERNAL' },
    ])
    expect(faults).toEqual(['Error: secret'])
  })

  test('that nobody serves, or no longer, is unknown; serving again replaces', async () => {
    const { world, link, off } = await serving(() => 'old')
    const again = world.client.method('confirm', () => 'new')
    off()
    link.say({ type: 'call', ref: 1, method: 'confirm' }, { type: 'call', ref: 2, method: 'other' })
    await settled()
    expect(link.of('result')).toEqual([{ type: 'result', ref: 1, data: 'new' }])
    expect(link.of('error')).toMatchObject([{ ref: 2, code: 'UNKNOWN_METHOD' }])
    again()
    link.say({ type: 'call', ref: 3, method: 'confirm' })
    await settled()
    expect(link.of('error')).toMatchObject([{ ref: 2 }, { ref: 3, code: 'UNKNOWN_METHOD' }])
  })

  test('answers that would break the protocol are errors instead', async () => {
    const { link } = await serving((input) => {
      if (input === 'big') return 'x'.repeat(70_000)
      if (input === 'error') throw new RealtimeError('X'.repeat(300), 'y'.repeat(70_000))
      return 1n
    })
    for (const [ref, data] of ['big', 'error', 'no json'].entries()) {
      link.say({ type: 'call', ref, method: 'confirm', data })
    }
    await settled()
    expect(link.of('result')).toEqual([])
    const codes = new Map(link.of('error').map(({ ref, code }) => [ref, code]))
    expect(codes.get(0)).toBe('TOO_LARGE')
    expect(codes.get(1)).toBe('X'.repeat(256))
    expect(codes.get(2)).toBe('INTERNAL')
    expect(JSON.stringify(link.of('error')).length).toBeLessThan(2_000)
  })

  test('runs at most 64 times at a time, cancelled ones that still run included', async () => {
    let finish = () => {}
    const blocked = new Promise<void>((resolve) => (finish = resolve))
    const { link } = await serving(() => blocked)
    for (let ref = 0; ref < 65; ref++) link.say({ type: 'call', ref, method: 'confirm' })
    link.say({ type: 'cancel', ref: 0 }, { type: 'call', ref: 65, method: 'confirm' })
    await settled()
    expect(link.of('error')).toMatchObject([
      { ref: 64, code: 'RATE_LIMITED' },
      { ref: 65, code: 'RATE_LIMITED' },
    ])
    finish()
    await settled()
    expect(link.of('result').map(({ ref }) => ref)).toEqual([...Array(64).keys()].slice(1))
    link.say({ type: 'call', ref: 66, method: 'confirm' })
    await settled()
    expect(link.last('result').ref).toBe(66)
  })

  test('is told when nobody waits any more: cancelled, link ended, client closed; and answers nobody', async () => {
    const signals: AbortSignal[] = []
    const ends: Array<() => void> = []
    const { world, link } = await serving((_, { signal }) => {
      signals.push(signal)
      return new Promise<void>((resolve, reject) => {
        ends.push(resolve)
        signal.addEventListener('abort', () => reject(new Error('stopped')))
      })
    })
    const faults = vi.fn()
    world.client.on('error', faults)
    const aborted = () => signals.map((signal) => signal.aborted)
    for (const ref of [1, 2, 3]) link.say({ type: 'call', ref, method: 'confirm' })
    await settled()
    link.say({ type: 'cancel', ref: 1 }, { type: 'cancel', ref: 77 })
    expect(aborted()).toEqual([true, false, false])
    ends[1]?.()
    await settled()
    const next = await world.reconnect()
    expect(aborted()).toEqual([true, false, true])
    next.say({ type: 'call', ref: 1, method: 'confirm' })
    await settled()
    await world.client.close()
    await settled()
    expect(aborted()).toEqual([true, false, true, true])
    expect([...link.of('result'), ...link.of('error')]).toEqual([{ type: 'result', ref: 2 }])
    expect([...next.of('result'), ...next.of('error')]).toEqual([])
    expect(faults).not.toHaveBeenCalled()
  })
})
