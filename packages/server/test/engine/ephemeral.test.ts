import { describe, expect, test } from 'vitest'
import type { Metric } from '../../src/index.js'
import { between } from '../support/between.js'
import { Gate } from '../support/gate.js'
import { world as anyWorld } from '../support/world.js'

const OPEN = { mode: 'ephemeral', subscribe: true, publish: true } as const
/** Two such messages fill a send queue. */
const LARGE = 'x'.repeat(3_000)
const LIMITS = { sendQueueSoftBytes: 4_096, sendQueueHardBytes: 65_536 }

function world() {
  const subscribing = new Gate()
  const relaying = new Gate()
  /** What the broker was asked. */
  const asked: string[] = []
  const counts = new Map<string, Metric['read']>()
  const tools = anyWorld({
    metrics: {
      register: ({ name, read }) => void counts.set(name, read),
      distribution: () => () => undefined,
    },
    rules: false,
    limits: LIMITS,
    wrap: (inner) =>
      between(
        inner,
        () => ({}),
        (broker) => ({
          subscribe: (channel) => subscribing.after(() => broker.subscribe(channel)),
          relay: (...message) => (asked.push('relay'), relaying.after(() => broker.relay(...message))),
          publish: (request) => (asked.push('publish'), broker.publish(request)),
          recover: (...query) => (asked.push('recover'), broker.recover(...query)),
          history: (...query) => (asked.push('history'), broker.history(...query)),
        }),
      ),
  })
  tools.server.channel('typing:{id}', OPEN).channel('log', { subscribe: true, publish: true })
  const dropped = () => counts.get('realtime_ephemeral_dropped_total')?.()
  return { ...tools, subscribing, relaying, asked, dropped, node: () => tools.node().channel('typing:{id}', OPEN) }
}

const frame = (data: unknown, channel = 'typing:1') =>
  ({ type: 'send', channel, id: `id of ${String(data)}`, data }) as const
const data = (link: { all(type: 'publication'): Array<{ data: unknown }> }) =>
  link.all('publication').map((publication) => publication.data)

describe('an ephemeral channel', () => {
  test('is subscribed to at the null position, whatever the start, and tells nothing of before', async () => {
    const { connected, server, clock } = world()
    await server.publish('typing:1', 'before')
    for (const since of [undefined, 'start' as const, { last: 5 }, { epoch: 'e', offset: 5 }]) {
      const client = await connected()
      await client.subscribe({ channel: 'typing:1', generation: 1, ...(since ? { since } : {}) })
      expect(client.heard.slice(1)).toEqual([
        {
          type: 'subscribed',
          channel: 'typing:1',
          generation: 1,
          mode: 'ephemeral',
          position: { epoch: '', offset: 0 },
          head: 0,
        },
      ])
    }
    await clock.settle()
  })

  test('passes nothing on that has waited in line for longer than a second, and what comes after that at once', async () => {
    const { connected, relaying, clock } = world()
    const sender = await connected()
    const here = await connected()
    await here.subscribe({ channel: 'typing:1', generation: 1 })
    relaying.close()
    for (const word of ['first', 'old', 'older']) await sender.say(frame(word))
    await clock.advance(500)
    await sender.say(frame('young'))
    await clock.advance(600)
    relaying.open()
    await clock.settle()
    await sender.say(frame('new'))
    expect(data(here)).toEqual(['first', 'young', 'new'])
  })

  test('delivers what is sent without a position, to every node, with who sent it', async () => {
    const { connected, node } = world()
    const sender = await connected()
    const here = await connected()
    const there = await connected(node())
    for (const client of [here, there]) await client.subscribe({ channel: 'typing:1', generation: 1 })
    await sender.say({ ...frame('a'), meta: { traceparent: '1' } })
    const from = { user: null, session: sender.only('connected').session.id }
    for (const client of [here, there]) {
      const publication = client.only('publication')
      expect(publication).toEqual({
        type: 'publication',
        channel: 'typing:1',
        epoch: '',
        offset: 0,
        id: 'id of a',
        at: publication.at,
        data: 'a',
        from,
        meta: { traceparent: '1' },
      })
    }
    expect(sender.heard.map(({ type }) => type)).toEqual(['connected'])
  })

  test('takes messages of the server, and gives them the null position', async () => {
    const { connected, server, clock } = world()
    const client = await connected()
    await client.subscribe({ channel: 'typing:1', generation: 1 })
    expect(await server.publish('typing:1', 'a')).toMatchObject({ epoch: '', offset: 0 })
    await server.publish('typing:1', 'b')
    await clock.settle()
    expect(data(client)).toEqual(['a', 'b'])
  })

  test('leaves no trace at the broker: its messages are only relayed', async () => {
    const { connected, server, asked } = world()
    const client = await connected()
    await client.subscribe({ channel: 'typing:1', generation: 1, since: { epoch: 'e', offset: 4 } })
    await client.say(frame('a'))
    await server.publish('typing:1', 'b')
    expect(asked).toEqual(['relay', 'relay'])
  })

  test('is subscribed once the broker is, so that nothing sent after that is missed', async () => {
    const { connected, server, clock, subscribing } = world()
    const client = await connected()
    const gone = await connected()
    subscribing.close()
    await client.subscribe({ channel: 'typing:1', generation: 1 })
    await gone.subscribe({ channel: 'typing:1', generation: 1 })
    await gone.say({ type: 'unsubscribe', channel: 'typing:1', generation: 1 })
    expect(client.all('subscribed')).toEqual([])
    subscribing.open()
    await clock.settle()
    expect(client.all('subscribed')).toHaveLength(1)
    expect(gone.all('subscribed')).toEqual([])
    await server.publish('typing:1', 'a')
    await clock.settle()
    expect(data(client)).toEqual(['a'])
  })

  test('is not verified when another history takes over: it has none', async () => {
    const { connected, server, clock, asked, failOver } = world()
    const client = await connected()
    await client.subscribe({ channel: 'typing:1', generation: 1 })
    await failOver()
    await server.publish('typing:1', 'a')
    await clock.settle()
    expect(asked).toEqual(['relay'])
    expect(data(client)).toEqual(['a'])
    expect([...client.all('gap'), ...client.all('rebase')]).toEqual([])
  })
})

test('on a full link a message is dropped and counted, never queued, and what comes when there is room is delivered', async () => {
  const { connected, server, clock, dropped } = world()
  const slow = await connected()
  const quick = await connected()
  for (const client of [slow, quick]) await client.subscribe({ channel: 'typing:1', generation: 1 })
  slow.stall()
  await server.publish('typing:1', LARGE)
  await server.publish('typing:1', LARGE)
  await clock.settle()
  const { bufferedBytes } = slow
  for (let i = 0; i < 10; i++) await server.publish('typing:1', i)
  await clock.settle()
  expect(slow.bufferedBytes).toBe(bufferedBytes)
  expect(dropped()).toBe(10)
  await slow.resume()
  await server.publish('typing:1', 'after')
  await clock.settle()
  expect(data(slow)).toEqual([LARGE, LARGE, 'after'])
  expect(data(quick)).toEqual([LARGE, LARGE, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 'after'])
  expect(slow.all('gap')).toEqual([])
  expect(dropped()).toBe(10)
})

describe('an ephemeral channel refuses', () => {
  test('a publish of a client, with the way out, before any rule is asked', async () => {
    const { connected, server } = world()
    let asked = 0
    server.channel('asked', { mode: 'ephemeral', publish: () => (asked++, true) })
    const client = await connected()
    const answer = await client.publish('asked', 'a', { seq: 1, lowest: 1 })
    expect(answer).toMatchObject({
      type: 'error',
      code: 'UNSUPPORTED',
      message: 'an ephemeral channel takes send(), which is not retried',
    })
    expect(answer).not.toHaveProperty('retryable')
    expect(await client.publish('asked', 'a')).toMatchObject({ code: 'UNSUPPORTED' })
    expect(asked).toBe(0)
  })

  test('a read of its history, by clients who may subscribe and by the server', async () => {
    const { connected, server, asked } = world()
    server.channel('shut', { mode: 'ephemeral' })
    const client = await connected()
    await client.say({ type: 'history', ref: 1, channel: 'typing:1', limit: 1 })
    await client.say({ type: 'history', ref: 2, channel: 'shut', limit: 1 })
    expect(client.all('error')).toMatchObject([
      { ref: 1, code: 'UNSUPPORTED', message: 'an ephemeral channel keeps no history' },
      { ref: 2, code: 'FORBIDDEN' },
    ])
    await expect(server.history('typing:1')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(asked).toEqual([])
  })

  test('a key of the server', async () => {
    const { server } = world()
    await expect(server.publish('typing:1', 1, { key: 'k' })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})

test('a client that asks whether a publish to an ephemeral channel still holds is told of no rollback', async () => {
  const { connected, server, asked } = world()
  const acknowledged = [{ channel: 'typing:1', epoch: 'e', offset: 3 }]
  const client = await connected(server, { acknowledged })
  expect(client.only('connected')).not.toHaveProperty('rebases')
  expect(asked).toEqual([])
})

describe('send', () => {
  test('to a log is stored like a publish, and not answered', async () => {
    const { connected, server } = world()
    const client = await connected()
    await client.subscribe({ channel: 'log', generation: 1 })
    await client.say(frame('a', 'log'))
    await client.say(frame('b', 'log'))
    expect(client.offsets()).toEqual([1, 2])
    expect((await server.history('log')).publications.map((publication) => publication.data)).toEqual(['a', 'b'])
    expect([...client.all('reply'), ...client.all('error')]).toEqual([])
  })

  test('keeps its place among the publishes to the channel, also while a rule decides', async () => {
    const { connected, server, clock } = world()
    server.channel('ruled', {
      subscribe: true,
      publish: ({ data }) =>
        data === 'slow' ? new Promise((resolve) => clock.setTimer(() => resolve(true), 500)) : true,
    })
    const client = await connected()
    await client.subscribe({ channel: 'ruled', generation: 1 })
    client.tell(frame('slow', 'ruled'))
    client.tell({ type: 'publish', ref: 1, channel: 'ruled', id: 'p', data: 'publish', seq: 1, lowest: 1 })
    client.tell(frame('after', 'ruled'))
    await clock.advance(500)
    expect(data(client)).toEqual(['slow', 'publish', 'after'])
  })

  test.each([
    ['a rule denies', 'denied', 1],
    ['a rule refuses', 'refused', 1],
    ['a rule throws over', 'thrown', 1],
    ['nobody declared', 'nowhere', 1],
    ['no text can carry', 'log', undefined],
  ])('of what %s is dropped without a word', async (_, channel, value) => {
    const { connected, server } = world()
    server
      .channel('denied', { publish: false })
      .channel('refused', { publish: () => ({ refuse: 'no' }) })
      .channel('thrown', {
        publish: () => {
          throw new Error('a rule that fails')
        },
      })
    const client = await connected()
    if (value !== undefined) await client.say(frame(value, channel))
    else await client.sayText('{"type":"send","channel":"typing:1","id":"a","data":null}')
    expect(client.heard.map(({ type }) => type)).toEqual(['connected'])
    expect(client.end).toBeUndefined()
  })

  test('that finds the line of its channel full is dropped, and the link goes on', async () => {
    const { connected, server, clock } = world()
    server.channel('ruled', {
      subscribe: true,
      publish: () => new Promise((resolve) => clock.setTimer(() => resolve(true), 10)),
    })
    const client = await connected()
    await client.subscribe({ channel: 'ruled', generation: 1 })
    for (let i = 0; i < 80; i++) client.tell(frame(i, 'ruled'))
    await clock.advance(2_000)
    expect(data(client)).toEqual(Array.from({ length: 64 }, (_, i) => i))
    expect(client.end).toBeUndefined()
    expect(client.all('error')).toEqual([])
  })

  test('is checked by the schema and may be changed by the rule', async () => {
    const { connected, server, clock } = world()
    server.channel('ruled', { mode: 'ephemeral', subscribe: true, publish: ({ data }) => ({ data: [data] }) })
    const client = await connected()
    await client.subscribe({ channel: 'ruled', generation: 1 })
    await client.say(frame('a', 'ruled'))
    await clock.settle()
    expect(data(client)).toEqual([['a']])
  })
})
