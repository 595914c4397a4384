import { contract } from '@org/realtime-protocol'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { RealtimeClient, RealtimeError, type ClientOptions } from '../../src/index.js'
import { fakeServer, VirtualClock, type FakeServerOptions } from '../../src/testing/index.js'

/** A fake server and a client on virtual time. */
function setUp(options: FakeServerOptions = {}, clientOptions: ClientOptions = {}) {
  const clock = new VirtualClock({ now: 0 })
  const server = fakeServer({ clock, ...options })
  const client = new RealtimeClient('ws://test', { ...server.options, ...clientOptions })
  return { clock, server, client, until: clock.until.bind(clock) }
}

/** Everything a channel tells, in order. */
function heard(client: RealtimeClient, name: string, since?: 'start'): unknown[] {
  const all: unknown[] = []
  const channel = client.channel(name, since ? { since } : {})
  channel.on('message', ({ data }) => void all.push(data))
  channel.on('gap', ({ reason, from, to }) => void all.push(`${reason} ${from}..${to}`))
  channel.on('rollback', ({ ids }) => void all.push(`rolled back ${ids.length}`))
  return all
}

const code = (error: unknown): unknown => (error as { code?: unknown }).code

describe('messages', () => {
  test('of a test reach the client in order, with position and sender', async () => {
    const { clock, server, client, until } = setUp()
    const room = client.channel('room')
    const messages: unknown[] = []
    room.on('message', ({ offset, data, from }) => void messages.push([offset, data, from?.user]))
    await until(room.ready())
    const first = server.publish('room', { text: 'hi' }, { from: 'grace' })
    const second = server.publish('room', { text: 'again' })
    await clock.settle()
    expect(messages).toEqual([
      [1, { text: 'hi' }, 'grace'],
      [2, { text: 'again' }, undefined],
    ])
    expect([first.offset, second.offset, first.epoch === second.epoch]).toEqual([1, 2, true])
    expect(room.position).toEqual(second)
  })

  test('of the client are stored, answered and seen, each once', async () => {
    const { server, client, until } = setUp({ user: 'ada' })
    const messages = heard(client, 'room')
    await until(client.channel('room').ready())
    expect(await until(client.channel('room').publish('hi', { key: 'k' }))).toMatchObject({ offset: 1 })
    expect(await until(client.channel('room').publish('hi', { key: 'k' }))).toMatchObject({ offset: 1 })
    expect(messages).toEqual(['hi'])
    expect(server.published('room')).toMatchObject([{ data: 'hi', user: 'ada', key: 'k' }, { key: 'k' }])
    expect(server.published('other')).toEqual([])
    expect(await until(server.expectPublish('room'))).toBe(server.published('room')[0])
  })

  test('are there for a client that comes later, and in its history', async () => {
    const { server, client, until } = setUp()
    for (let i = 1; i <= 5; i++) server.publish('room', i)
    const messages = heard(client, 'room', 'start')
    await until(client.channel('room').ready())
    expect(messages).toEqual([1, 2, 3, 4, 5])
    const page = await until(client.channel('room').history({ limit: 2 }))
    expect([page.publications.map(({ data }) => data), page.more, page.position.offset]).toEqual([[4, 5], true, 5])
    const before = await until(client.channel('room').history({ limit: 9, before: { ...page.position, offset: 4 } }))
    expect(before.publications.map(({ data }) => data)).toEqual([1, 2, 3])
    const lost = client.channel('room').history({ after: { epoch: 'unknown', offset: 2 } })
    await expect(until(lost)).rejects.toMatchObject({ code: 'POSITION_LOST' })
  })

  test('are judged by the test: changed, refused with a code, or kept waiting', async () => {
    const { clock, server, client, until } = setUp()
    const messages = heard(client, 'room:1')
    const room = client.channel('room:1')
    await until(room.ready())
    let answer: (() => void) | undefined
    const off = server.onPublish('room:{id}', async ({ data }) => {
      if (data === 'bad') throw new RealtimeError('REFUSED', 'be nice')
      if (data === 'broken') throw new Error('a bug')
      if (data === 'slow') await new Promise<void>((resolve) => (answer = resolve))
      return `${String(data)}!`
    })
    await until(room.publish('good'))
    await expect(until(room.publish('bad'))).rejects.toMatchObject({ code: 'REFUSED', message: 'be nice' })
    await expect(until(room.publish('broken'))).rejects.toMatchObject({
      code: 'INTERNAL',
      message: 'a callback of the test failed: Error: a bug',
    })
    const slow = room.publish('slow')
    await clock.settle()
    expect(client.outbox).toHaveLength(1)
    answer?.()
    await until(slow)
    off()
    await until(room.publish('plain'))
    expect(messages).toEqual(['good!', 'slow!', 'plain'])
  })

  test('that are sent again after a lost link take effect once', async () => {
    const { clock, server, client, until } = setUp({ latencyMs: 10 })
    const messages = heard(client, 'room')
    await until(client.channel('room').ready())
    const published = client.channel('room').publish('once')
    // It has arrived, its answer is under way.
    await clock.advance(15)
    expect(server.published('room')).toHaveLength(1)
    server.disconnect()
    expect(await until(published)).toMatchObject({ offset: 1 })
    await clock.advance(1_000)
    expect(messages).toEqual(['once'])
    expect(server.published('room')).toHaveLength(1)
  })

  test('that are sent are kept apart from those that are published', async () => {
    const { clock, server, client, until } = setUp()
    server.channel('cursors', { mode: 'ephemeral' })
    const messages = heard(client, 'cursors')
    await until(client.channel('cursors').ready())
    client.channel('cursors').send({ x: 1 })
    expect(await until(server.expectSend('cursors'))).toMatchObject({ data: { x: 1 } })
    await clock.settle()
    expect(messages).toEqual([{ x: 1 }])
    expect([server.sent().length, server.published().length]).toEqual([1, 0])
    await expect(until(client.channel('cursors').publish(1))).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  test('of a latest channel: who comes gets the newest', async () => {
    const { clock, server, client, until } = setUp()
    server.channel('price:{name}', { mode: 'latest' })
    for (const price of [1, 2, 3]) server.publish('price:x', price)
    const messages = heard(client, 'price:x')
    await until(client.channel('price:x').ready())
    server.publish('price:x', 4)
    await clock.settle()
    expect(messages).toEqual([3, 4])
  })

  test('to a user come on the personal channel of that user', async () => {
    const { clock, server, client, until } = setUp({ user: 'ada' })
    const messages: unknown[] = []
    client.personal.on('message', ({ data }) => void messages.push(data))
    await until(client.personal.ready())
    server.publishToUser('ada', 'for you')
    server.publishToUser('grace', 'not for you')
    await clock.settle()
    expect(messages).toEqual(['for you'])
  })

  test('are copies: what the test changes later changes no message', async () => {
    const { clock, server, client, until } = setUp()
    const messages = heard(client, 'room')
    await until(client.channel('room').ready())
    const data = { text: 'before' }
    server.publish('room', data)
    data.text = 'after'
    await clock.settle()
    expect(messages).toEqual([{ text: 'before' }])
  })
})

describe('links', () => {
  test('that break come back, resume the session, and miss nothing', async () => {
    const { clock, server, client, until } = setUp()
    const messages = heard(client, 'room')
    const resumed: boolean[] = []
    client.on('connected', (event) => void resumed.push(event.resumed))
    await until(client.channel('room').ready())
    server.publish('room', 1)
    await clock.settle()
    server.disconnect()
    await clock.settle()
    expect([client.state.status, server.connections]).toEqual(['connecting', 0])
    server.publish('room', 2)
    await until(client.ready())
    await clock.settle()
    expect([messages, resumed]).toEqual([
      [1, 2],
      [false, true],
    ])
  })

  test('that break lose what is under way, and it comes again', async () => {
    const { clock, server, client, until } = setUp()
    const messages = heard(client, 'room')
    await until(client.channel('room').ready())
    server.publish('room', 1)
    server.disconnect()
    await clock.settle()
    expect(messages).toEqual([])
    await clock.advance(1_000)
    expect(messages).toEqual([1])
  })

  test('that are ended by a code deliver first what was said', async () => {
    const { clock, server, client, until } = setUp()
    const messages = heard(client, 'room')
    await until(client.channel('room').ready())
    server.publish('room', 1)
    server.disconnect('RESTART')
    await clock.settle()
    expect([messages, client.state.closeCode]).toEqual([[1], 4000])
  })

  test('stay away while the server cannot be reached', async () => {
    const { clock, server, client, until } = setUp()
    await until(client.ready())
    server.unplug()
    const published = client.channel('room').publish('later')
    await clock.advance(20_000)
    expect(client.outbox).toMatchObject([{ data: 'later' }])
    server.plug()
    expect(await until(published)).toMatchObject({ offset: 1 })
  })

  test('that end for good end the client, by name and by number', async () => {
    for (const how of ['ENDED', 4506] as const) {
      const { clock, server, client, until } = setUp()
      await until(client.ready())
      server.disconnect(how)
      await clock.settle()
      expect(client.state).toMatchObject({ status: 'closed', closeCode: 4506 })
      expect(client.state.error).toMatchObject({ code: 'TERMINATED' })
    }
  })

  test('are judged by authenticate, again with a new token, and for good', async () => {
    const tokens = ['old', 'new']
    const asked: unknown[] = []
    const { until, client, server } = setUp(
      {
        authenticate: ({ token, reason }) => {
          asked.push([token, reason])
          if (token === 'banned') throw new RealtimeError('FORBIDDEN')
          return token === 'old' ? null : { user: `user of ${token}`, hello: { motd: 'hi' } }
        },
      },
      { token: () => tokens.shift() ?? 'newest' },
    )
    await until(client.ready())
    expect([client.user, client.hello]).toEqual(['user of new', { motd: 'hi' }])
    expect(asked).toEqual([
      ['old', 'connect'],
      ['new', 'connect'],
    ])
    const banned = new RealtimeClient('ws://test', { ...server.options, token: 'banned' })
    await expect(until(banned.ready())).rejects.toMatchObject({ code: 'TERMINATED', closeCode: 4501 })
  })

  test('take a new token when theirs expires', async () => {
    const asked: unknown[] = []
    const { clock, server, client, until } = setUp(
      {
        authenticate: ({ token, reason }) => {
          asked.push([token, reason])
          return {}
        },
      },
      { token: ({ reason }) => `token because ${reason}` },
    )
    await until(client.ready())
    server.expireToken()
    await clock.settle()
    expect(asked).toEqual([
      ['token because connect', 'connect'],
      ['token because expired', 'refresh'],
    ])
  })

  test('hear that the log cannot be reached, and publishes wait', async () => {
    const { clock, server, client, until } = setUp()
    await until(client.ready())
    server.setDegraded(true)
    await clock.settle()
    expect(client.state.degraded).toBe(true)
    const published = client.channel('room').publish(1)
    await clock.advance(5_000)
    expect(client.outbox).toHaveLength(1)
    server.setDegraded(false)
    expect(await until(published)).toMatchObject({ offset: 1 })
    expect(client.state.degraded).toBe(false)
  })
})

describe('a gap', () => {
  test.each([
    ['trimmed', ['trimmed 4..5', 'after'], 6],
    ['slow', ['slow 4..5', 'after'], 6],
    ['unknown', ['unknown 3..6', 'after'], 6],
    ['rollback', ['rollback 2..3', 'after'], 2],
    ['epoch', ['epoch 3..1', 'after'], 1],
  ] as const)('%s is told before the next message', async (reason, told, offset) => {
    const { clock, server, client, until } = setUp()
    for (let i = 1; i <= 3; i++) server.publish('room', i)
    const messages = heard(client, 'room')
    await until(client.channel('room').ready())
    server.gap('room', reason, 2)
    await clock.settle()
    expect(server.publish('room', 'after').offset).toBe(offset)
    await clock.settle()
    expect(messages).toEqual(told)
  })

  test.each([
    ['trimmed', ['trimmed 4..5']],
    ['rollback', ['rollback 2..3']],
    ['epoch', ['epoch 3..1']],
  ] as const)('%s that happened while the client was away is told when it is back', async (reason, told) => {
    const { clock, server, client, until } = setUp()
    for (let i = 1; i <= 3; i++) server.publish('room', i)
    const messages = heard(client, 'room')
    await until(client.channel('room').ready())
    server.unplug()
    await clock.settle()
    server.gap('room', reason, 2)
    server.publish('room', 'after')
    server.plug()
    await clock.advance(10_000)
    expect(messages).toEqual([...told, 'after'])
  })

  test('that takes acknowledged publishes back tells the client which', async () => {
    const { clock, server, client, until } = setUp()
    const messages = heard(client, 'room')
    await until(client.channel('room').ready())
    await until(client.channel('room').publish('kept'))
    await until(client.channel('room').publish('lost'))
    server.gap('room', 'rollback')
    await clock.settle()
    expect(messages).toEqual(['kept', 'lost', 'rollback 2..2', 'rolled back 1'])
  })

  test('of a channel without a log is refused', () => {
    const { server } = setUp()
    server.channel('cursors', { mode: 'ephemeral' })
    expect(() => server.gap('cursors', 'trimmed')).toThrow('is no log')
  })
})

describe('a channel that is refused', () => {
  test('is closed to everything a client can ask, until it is allowed', async () => {
    const { clock, server, client, until } = setUp()
    server.refuse('room:{id}', 'FORBIDDEN', 'members only')
    const room = client.channel('room:1')
    room.on('message', () => undefined)
    const refused = { code: 'FORBIDDEN', message: 'members only' }
    await expect(until(room.ready())).rejects.toMatchObject(refused)
    await expect(until(room.publish(1))).rejects.toMatchObject(refused)
    await expect(until(room.history())).rejects.toMatchObject(refused)
    await expect(until(room.presence.enter())).rejects.toMatchObject(refused)
    expect(await until(client.channel('other').publish(1))).toMatchObject({ offset: 1 })
    server.allow('room:{id}')
    expect(await until(room.publish(1))).toMatchObject({ offset: 1 })
    await clock.settle()
  })

  test('ends the subscriptions that run', async () => {
    const { clock, server, client, until } = setUp()
    heard(client, 'room')
    const room = client.channel('room')
    await until(room.ready())
    expect(server.subscribers('room')).toBe(1)
    server.refuse('room')
    await clock.settle()
    expect(room.state).toMatchObject({ status: 'unsubscribed', error: { code: 'FORBIDDEN' } })
    expect(server.subscribers('room')).toBe(0)
  })
})

describe('calls', () => {
  test('are answered by the test, or fail with its code', async () => {
    const { server, client, until } = setUp({ user: 'ada' })
    server.onCall('room.rename', (input, { user }) => {
      if (input === '') throw new RealtimeError('TITLE_EMPTY', 'say something')
      return `${String(input)} by ${String(user)}`
    })
    expect(await until(client.call('room.rename', 'new'))).toBe('new by ada')
    await expect(until(client.call('room.rename', ''))).rejects.toMatchObject({ code: 'TITLE_EMPTY' })
    await expect(until(client.call('nothing'))).rejects.toMatchObject({
      code: 'UNKNOWN_METHOD',
      message: "the fake server has no onCall('nothing')",
    })
    expect(server.calls('room.rename').map(({ input }) => input)).toEqual(['new', ''])
    expect(await until(server.expectCall('nothing'))).toMatchObject({ method: 'nothing', user: 'ada' })
  })

  test('that hang run beside others, and hear when nobody waits any more', async () => {
    const { clock, server, client, until } = setUp()
    let signal: AbortSignal | undefined
    server.onCall('hang', (_, context) => {
      signal = context.signal
      return new Promise(() => undefined)
    })
    server.onCall('quick', () => 1)
    const controller = new AbortController()
    const hanging = client.call('hang', undefined, { signal: controller.signal }).catch(code)
    expect(await until(client.call('quick'))).toBe(1)
    expect(signal?.aborted).toBe(false)
    controller.abort()
    expect(await hanging).toBe('ABORTED')
    await clock.settle()
    expect(signal?.aborted).toBe(true)
  })

  test('of the test reach the method that the client serves', async () => {
    const { server, client, until } = setUp()
    await expect(server.call('confirm')).rejects.toMatchObject({ code: 'NOT_CONNECTED' })
    client.method('confirm', (input) => `yes to ${String(input)}`)
    await until(client.ready())
    expect(await until(server.call('confirm', 'all'))).toBe('yes to all')
    await expect(until(server.call('unknown'))).rejects.toMatchObject({ code: 'UNKNOWN_METHOD' })
    client.method('slow', () => new Promise(() => undefined))
    const lost = server.call('slow').catch(code)
    server.disconnect()
    expect(await lost).toBe('UNKNOWN_OUTCOME')
  })
})

describe('presence', () => {
  test('has the client and whoever the test makes join, and tells of both', async () => {
    const { clock, server, client, until } = setUp({ user: 'ada' })
    const { presence } = client.channel('room')
    const told: unknown[] = []
    client.channel('room').on('join', ({ user, data }) => void told.push(['join', user, data]))
    client.channel('room').on('leave', ({ user }) => void told.push(['leave', user]))
    await clock.settle()
    await until(presence.enter({ mood: 'fine' }))
    server.join('room', 'grace', { mood: 'busy' })
    await clock.settle()
    expect(server.present('room')).toEqual(['ada', 'grace'])
    expect(await until(presence.get())).toMatchObject({ count: 2, members: [{ user: 'ada' }, { user: 'grace' }] })
    server.leave('room', 'grace')
    await until(presence.leave())
    await clock.settle()
    expect(told).toEqual([
      ['join', 'ada', { mood: 'fine' }],
      ['join', 'grace', { mood: 'busy' }],
      ['leave', 'grace'],
      ['leave', 'ada'],
    ])
  })

  test('outlives a short break of the link, not a long one, and no goodbye', async () => {
    const { clock, server, client, until } = setUp({ user: 'ada' })
    await until(client.channel('room').presence.enter())
    server.disconnect()
    await clock.advance(5_000)
    expect(server.present('room')).toEqual(['ada'])
    await clock.advance(20_000)
    expect(server.present('room')).toEqual(['ada'])
    server.unplug()
    await clock.advance(13_000)
    expect(server.present('room')).toEqual([])
    server.plug()
    await until(client.ready())
    await clock.settle()
    expect(server.present('room')).toEqual(['ada'])
    await client.close()
    await clock.settle()
    expect(server.present('room')).toEqual([])
  })
})

describe('waiting', () => {
  test('gives what comes later, each thing once, and says what came instead', async () => {
    const { server, client, until } = setUp()
    const first = server.expectPublish('room')
    void client.channel('room').publish(1)
    void client.channel('room').publish(2)
    void client.channel('other').publish(3)
    expect(await until(first)).toMatchObject({ data: 1 })
    expect(await until(server.expectPublish())).toMatchObject({ data: 2 })
    await expect(until(server.expectPublish('room', { timeoutMs: 50 }))).rejects.toThrow(
      'a publish to room did not come within 50 ms; what came: other 3',
    )
    await expect(until(server.expectCall('x'))).rejects.toThrow('a call of x did not come within 1000 ms; nothing came')
  })

  test('for a subscription makes sure that a message is not too early', async () => {
    const { clock, server, client, until } = setUp()
    const messages = heard(client, 'room')
    expect(await until(server.expectSubscribe('room'))).toMatchObject({ channel: 'room', user: 'me' })
    server.publish('room', 'hi')
    await clock.settle()
    expect(messages).toEqual(['hi'])
  })
})

describe('time', () => {
  test('of the machine: a test without a clock just awaits, reconnects included', async () => {
    const server = fakeServer()
    const client = new RealtimeClient('ws://test', server.options)
    const messages = heard(client, 'room')
    await server.expectSubscribe('room')
    await client.channel('room').publish(1)
    server.disconnect()
    await client.channel('room').publish(2)
    await vi.waitFor(() => expect(messages).toEqual([1, 2]))
    await client.close()
  })

  test('that a test fakes: answers come without any of it', async () => {
    vi.useFakeTimers()
    try {
      const server = fakeServer()
      const client = new RealtimeClient('ws://test', server.options)
      server.onCall('m', () => 'done')
      expect(await client.call('m')).toBe('done')
      await client.close()
    } finally {
      vi.useRealTimers()
    }
  })

  test('that is virtual can pass for a day, and the link lives', async () => {
    const { clock, server, client, until } = setUp()
    await until(client.ready())
    await clock.advance(86_400_000)
    expect([client.state.status, server.connections]).toEqual(['connected', 1])
    await client.close()
    await clock.advance(20_000)
    expect([server.connections, clock.pending]).toEqual([0, 0])
  })

  test('latency: nothing comes before it is over', async () => {
    const { clock, client, until } = setUp({ latencyMs: 20 })
    await until(client.ready())
    expect(clock.now()).toBe(60)
    expect(() => fakeServer({ latencyMs: -1 })).toThrow(TypeError)
  })
})

test('types follow the contract', async () => {
  const app = contract({
    channels: { 'room:{id}': { message: z.object({ text: z.string() }) } },
    methods: { rename: { input: z.object({ title: z.string() }), output: z.number() } },
  })
  const server = fakeServer<typeof app>()
  const client = new RealtimeClient<typeof app>('ws://test', { ...server.options, contract: app })
  server.onCall('rename', ({ title }) => title.length)
  expect(await client.call('rename', { title: 'four' })).toBe(4)
  server.publish('room:1', { text: 'hi' })
  // @ts-expect-error: the contract says `text`
  server.publish('room:1', { txt: 'hi' })
  // @ts-expect-error: the contract says a number
  server.onCall('rename', () => 'no number')
  // @ts-expect-error: the contract knows no such method
  server.onCall('remove', () => 1)
  await client.close()
})
