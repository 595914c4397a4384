import { expect, test } from 'vitest'
import type { Broker } from '../../src/index.js'
import { deafNode } from '../../src/testing/index.js'
import { Gate } from '../support/gate.js'
import { PRODUCER } from '../support/memory-link.js'
import { world } from '../support/world.js'

const NULL = { epoch: '', offset: 0 }

test('subscribed comes first, with the null position where nobody has written; publications follow', async () => {
  const { connected, server, clock } = world()
  const client = await connected()
  await client.subscribe({ channel: 'c', generation: 1 })
  expect(client.only('subscribed')).toEqual({
    type: 'subscribed',
    channel: 'c',
    generation: 1,
    position: NULL,
    head: 0,
  })
  const { epoch, id } = await server.publish('c', { text: 'hi' }, { meta: { traceparent: '1' } })
  await clock.settle()
  const at = client.only('publication').at
  expect(client.only('publication')).toEqual({
    type: 'publication',
    channel: 'c',
    epoch,
    offset: 1,
    id,
    at,
    data: { text: 'hi' },
    meta: { traceparent: '1' },
  })
})

test.each([
  ['now', undefined, [], 3],
  ["'start'", 'start' as const, [1, 2, 3], 0],
  ['the last 2', { last: 2 }, [2, 3], 1],
])('a subscription starts with %s, and goes on without a hole', async (_, since, before, offset) => {
  const { connected, server, clock } = world()
  for (let i = 1; i <= 3; i++) await server.publish('c', i)
  for (const round of ['the channel is not open here', 'the channel is live here']) {
    const client = await connected()
    await client.subscribe({ channel: 'c', generation: 1, ...(since ? { since } : {}) })
    expect(client.only('subscribed'), round).toMatchObject({ position: { offset }, head: 3 })
    expect(client.offsets(), round).toEqual(before)
  }
  const late = await connected()
  await late.subscribe({ channel: 'c', generation: 1, ...(since ? { since } : {}) })
  await server.publish('c', 4)
  await clock.settle()
  expect(late.offsets()).toEqual([...before, 4])
})

test('a subscription from a position gets exactly what follows it, from the log or from the ring', async () => {
  const { connected, server } = world()
  const { epoch } = await server.publish('c', 1)
  for (let i = 2; i <= 5; i++) await server.publish('c', i)
  const first = await connected()
  for (let offset = 0; offset <= 5; offset++) {
    first.take()
    await first.subscribe({ channel: 'c', generation: offset, since: { epoch, offset } })
    const [subscribed, ...publications] = first.take()
    expect(subscribed).toMatchObject({ type: 'subscribed', position: { epoch, offset }, head: 5 })
    expect(publications).toHaveLength(5 - offset)
  }
})

test('a position that was trimmed away is told with the gap in subscribed', async () => {
  const { connected, server } = world()
  server.channel('small:{n}', { subscribe: true, log: { messages: 3 } })
  let epoch = ''
  for (let i = 1; i <= 9; i++) epoch = (await server.publish('small:1', i)).epoch
  const client = await connected()
  await client.subscribe({ channel: 'small:1', generation: 1, since: { epoch, offset: 2 } })
  expect(client.only('subscribed')).toMatchObject({
    position: { epoch, offset: 6 },
    head: 9,
    gap: { reason: 'trimmed', from: 3, to: 6 },
  })
  expect(client.offsets()).toEqual([7, 8, 9])
})

test('what no rule opens is FORBIDDEN, what nobody declared is UNKNOWN_CHANNEL', async () => {
  const { connected, server, logger } = world({ rules: false })
  server.channel('closed')
  server.channel('no:{id}', { subscribe: () => false })
  server.channel('never', { subscribe: () => Promise.resolve(false) })
  server.channel('broken', { subscribe: () => Promise.reject(new Error('secret')) })
  const client = await connected()
  for (const channel of ['closed', 'no:1', 'never', 'nowhere', 'broken']) {
    await client.subscribe({ channel, generation: 1 })
  }
  expect(client.all('unsubscribed').map(({ channel, code }) => [channel, code])).toEqual([
    ['closed', 'FORBIDDEN'],
    ['no:1', 'FORBIDDEN'],
    ['never', 'FORBIDDEN'],
    ['nowhere', 'UNKNOWN_CHANNEL'],
    ['broken', 'INTERNAL'],
  ])
  expect(JSON.stringify(client.heard)).not.toContain('secret')
  expect(client.all('unsubscribed')[4]?.retryable).toBe(true)
  expect(logger.of('error')).toEqual(['subscribe rule failed'])
})

test('a rule is asked with the user, the session, the channel and its parameters', async () => {
  const asked: unknown[] = []
  const { link, server } = world({ rules: false, authenticate: () => ({ user: { id: 'ada', admin: true } }) })
  server.channel('room:{roomId}', { subscribe: (...args) => (asked.push(args), true) })
  const client = link()
  const { session } = await client.connect()
  await client.subscribe({ channel: 'room:42', generation: 1 })
  expect(asked).toEqual([
    [
      { user: { id: 'ada', admin: true }, session: session.id, attributes: {}, channel: 'room:42' },
      Object.assign(Object.create(null), { roomId: '42' }),
    ],
  ])
})

test('a later generation replaces the running subscription, and only that', async () => {
  const { connected, server, clock } = world()
  await server.publish('c', 1)
  const client = await connected()
  await client.subscribe({ channel: 'c', generation: 1 })
  await client.subscribe({ channel: 'c', generation: 2, since: 'start' })
  await server.publish('c', 2)
  await clock.settle()
  expect(client.all('subscribed').map(({ generation }) => generation)).toEqual([1, 2])
  expect(client.offsets()).toEqual([1, 2])
})

test('a subscribe whose generation is not higher than the last one is ignored', async () => {
  const { connected, server, clock } = world()
  const client = await connected()
  await client.subscribe({ channel: 'c', generation: 5 })
  for (const generation of [5, 4, 0]) await client.subscribe({ channel: 'c', generation })
  await server.publish('c', 1)
  await clock.settle()
  expect(client.all('subscribed').map(({ generation }) => generation)).toEqual([5])
  expect(client.offsets()).toEqual([1])
})

test('a stale unsubscribe is ignored, the right one ends the subscription', async () => {
  const { connected, server, clock } = world()
  const client = await connected()
  await client.subscribe({ channel: 'c', generation: 1 })
  await client.subscribe({ channel: 'c', generation: 2 })
  await client.say({ type: 'unsubscribe', channel: 'c', generation: 1 })
  await client.say({ type: 'unsubscribe', channel: 'other', generation: 1 })
  await server.publish('c', 1)
  await clock.settle()
  expect(client.offsets()).toEqual([1])
  await client.say({ type: 'unsubscribe', channel: 'c', generation: 2 })
  await server.publish('c', 2)
  await clock.settle()
  expect(client.offsets()).toEqual([1])
})

/** A world whose subscribe rule waits for the test. */
function undecided() {
  const decisions: Array<(allowed: boolean) => void> = []
  const w = world({ rules: false, limits: { messageBurst: 200 } })
  w.server.channel('{name}', {
    subscribe: () => new Promise<boolean>((resolve) => decisions.push(resolve)),
    publish: true,
  })
  return { ...w, decisions }
}

test('an unsubscribe while the application decides ends it: no answer, no publications', async () => {
  const { connected, decisions, server, clock } = undecided()
  const client = await connected()
  await client.subscribe({ channel: 'c', generation: 1 })
  await client.say({ type: 'unsubscribe', channel: 'c', generation: 1 })
  decisions[0]?.(true)
  await server.publish('c', 1)
  await clock.settle()
  expect(client.heard.map(({ type }) => type)).toEqual(['connected'])
})

test('a later generation while the application decides is the one that is answered, whatever is decided first', async () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const { connected, decisions, clock } = undecided()
    const client = await connected()
    await client.subscribe({ channel: 'c', generation: 1 })
    await client.subscribe({ channel: 'c', generation: 2 })
    await client.subscribe({ channel: 'c', generation: 2 })
    expect(decisions).toHaveLength(2)
    for (const i of order) decisions[i]?.(true)
    await clock.settle()
    expect(client.all('subscribed').map(({ generation }) => generation)).toEqual([2])
  }
})

test('a link that ends while the application decides leaves nothing behind', async () => {
  const { connected, decisions, backend, clock, server } = undecided()
  const client = await connected()
  await client.subscribe({ channel: 'c', generation: 1 })
  await client.cut()
  decisions[0]?.(true)
  await clock.settle()
  const node = backend.join(deafNode)
  await server.publish('c', 1)
  await clock.advance(3_600_001)
  // A channel somebody listens to is not forgotten; this one is.
  expect((await node.broker.recover('c', undefined, 1)).head.epoch).toBe('')
})

test('128 channels may be subscribed, one more is LIMIT_EXCEEDED; leaving one, or replacing one, makes no difference', async () => {
  const { connected } = world({ limits: { messageBurst: 200 } })
  const client = await connected()
  for (let i = 1; i <= 128; i++) await client.subscribe({ channel: `c${i}`, generation: 1 })
  expect(client.all('subscribed')).toHaveLength(128)
  await client.subscribe({ channel: 'more', generation: 1 })
  expect(client.only('unsubscribed')).toMatchObject({ channel: 'more', generation: 1, code: 'LIMIT_EXCEEDED' })
  await client.subscribe({ channel: 'c7', generation: 2 })
  await client.say({ type: 'unsubscribe', channel: 'c1', generation: 1 })
  await client.subscribe({ channel: 'more', generation: 2 })
  expect(
    client
      .all('subscribed')
      .slice(128)
      .map(({ channel }) => channel),
  ).toEqual(['c7', 'more'])
  expect(client.all('unsubscribed')).toHaveLength(1)
})

test('subscriptions that the application has yet to decide on count as well', async () => {
  const { connected } = undecided()
  const client = await connected()
  for (let i = 1; i <= 129; i++) await client.subscribe({ channel: `c${i}`, generation: 1 })
  expect(client.only('unsubscribed')).toMatchObject({ channel: 'c129', code: 'LIMIT_EXCEEDED' })
})

test('a failover that lost nothing costs subscribers one rebase each, and no gap', async () => {
  const { connected, server, clock, failOver, node } = world()
  const other = node()
  const clients = [await connected(), await connected(), await connected(other)]
  for (const client of clients) await client.subscribe({ channel: 'c', generation: 1 })
  const { epoch } = await server.publish('c', 1)
  await failOver()
  const next = await server.publish('c', 2)
  await clock.settle()
  for (const client of clients) {
    client.take()
    expect(client.only('rebase')).toEqual({ type: 'rebase', channel: 'c', from: epoch, end: 1, to: next.epoch })
    expect(client.all('gap')).toEqual([])
    expect(client.all('publication').map((each) => [each.epoch, each.offset])).toEqual([
      [epoch, 1],
      [next.epoch, 2],
    ])
    const types = client.heard.map(({ type }) => type)
    expect(types.indexOf('rebase')).toBeLessThan(types.lastIndexOf('publication'))
  }
})

test('a failover with loss is told to everybody who had what is gone, before what takes its place', async () => {
  const { connected, server, clock, backend } = world()
  const client = await connected()
  await client.subscribe({ channel: 'c', generation: 1 })
  const { epoch } = await server.publish('c', 1)
  const replica = backend.checkpoint()
  await server.publish('c', 2)
  await server.publish('c', 3)
  await clock.settle()
  client.take()
  backend.failOver(replica)
  await clock.settle()
  expect(client.take()).toMatchObject([{ type: 'gap', reason: 'rollback', from: 2, to: 3, position: { offset: 1 } }])
  const next = await server.publish('c', 'other')
  await clock.settle()
  expect(client.take()).toMatchObject([
    { type: 'rebase', from: epoch, end: 1, to: next.epoch },
    { type: 'publication', epoch: next.epoch, offset: 2, data: 'other' },
  ])
})

test('history is read by whoever may subscribe, and by nobody else', async () => {
  const { connected, server, logger } = world({ rules: false })
  server.channel('open', { subscribe: true }).channel('shut', { publish: true })
  for (let i = 1; i <= 5; i++) await server.publish('open', i)
  const client = await connected()
  await client.say({ type: 'history', ref: 1, channel: 'open', limit: 2 })
  expect(client.answer(1)).toMatchObject({
    type: 'reply',
    position: { offset: 5 },
    publications: [
      { channel: 'open', offset: 4, data: 4 },
      { channel: 'open', offset: 5, data: 5 },
    ],
    more: true,
  })
  await client.say({ type: 'history', ref: 2, channel: 'shut', limit: 2 })
  expect(client.answer(2)).toMatchObject({ type: 'error', code: 'FORBIDDEN' })
  await client.say({ type: 'history', ref: 3, channel: 'nowhere', limit: 2 })
  expect(client.answer(3)).toMatchObject({ type: 'error', code: 'UNKNOWN_CHANNEL' })
  await client.say({ type: 'history', ref: 4, channel: 'open', after: { epoch: 'x.y', offset: 1 }, limit: 2 })
  expect(client.answer(4)).toMatchObject({ type: 'error', code: 'POSITION_LOST' })
  expect(logger.of('error')).toEqual([])
})

test('a page of history has at most historyMessages messages, however many are asked for', async () => {
  const { connected, server } = world({ limits: { historyMessages: 3 } })
  for (let i = 1; i <= 5; i++) await server.publish('c', i)
  const client = await connected()
  await client.say({ type: 'history', ref: 1, channel: 'c', limit: 1_000 })
  expect(client.answer(1)).toMatchObject({ publications: [{}, {}, {}], more: true })
})

test('a log of large messages is read in pages that a link can take, none of which cuts the link', async () => {
  const { connected, server } = world()
  for (let i = 1; i <= 16; i++) await server.publish('c', String(i).padEnd(65_000, '.'))
  const client = await connected()
  const read: number[] = []
  let epoch: string
  for (let ref = 1, before: { epoch: string; offset: number } | undefined; ; ref++) {
    await client.say({ type: 'history', ref, channel: 'c', limit: 100, ...(before ? { before } : {}) })
    expect(client.end).toBeUndefined()
    const page = client.answer(ref)
    if (page.type !== 'reply') throw new Error(page.type)
    const publications = page.publications ?? []
    expect(JSON.stringify(page).length).toBeLessThan(400_000)
    read.unshift(...publications.map(({ offset }) => offset))
    epoch = page.position.epoch
    if (!page.more) break
    before = { epoch, offset: read[0] ?? 0 }
  }
  expect(read).toEqual(Array.from({ length: 16 }, (_, i) => i + 1))
  await client.say({ type: 'history', ref: 99, channel: 'c', limit: 100, after: { epoch, offset: 0 } })
  const forwards = client.answer(99)
  expect(forwards).toMatchObject({ more: true })
  expect(forwards.type === 'reply' && forwards.publications?.[0]?.offset).toBe(1)
})

test('a message as large as the log allows can be read, one to a page', async () => {
  const { connected, server } = world()
  await server.publish('c', 'x'.repeat(1_048_574))
  const client = await connected()
  await client.say({ type: 'history', ref: 1, channel: 'c', limit: 100 })
  expect(client.answer(1)).toMatchObject({ type: 'reply', more: false, publications: [{ offset: 1 }] })
  await client.subscribe({ channel: 'c', generation: 1, since: 'start' })
  expect(client.offsets()).toEqual([1])
  expect(client.end).toBeUndefined()
})

test('data nested as deeply as can be stored can be read back', async () => {
  const { connected } = world()
  const client = await connected()
  const publish = (depth: number) =>
    client.sayText(
      `{"type":"publish","ref":${depth},"channel":"c","id":"m${depth}","data":${'['.repeat(depth)}${']'.repeat(depth)}}`,
    )
  const stored = (depth: number) => client.answer(depth).type === 'reply'
  let [low, high] = [1, 30_000]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    await publish(middle)
    if (stored(middle)) low = middle
    else high = middle
  }
  await client.say({ type: 'history', ref: 0, channel: 'c', limit: 1 })
  expect(client.answer(0)).toMatchObject({ type: 'reply', publications: [{ channel: 'c' }] })
  expect(client.answer(0)).not.toHaveProperty('publications.0.type')
})

test('pages of history asked for all at once do not fill the queue: each waits until the link has room', async () => {
  const { connected, server, clock } = world()
  for (let i = 0; i < 90; i++) await server.publish('c', 'x'.repeat(3_000))
  const client = await connected()
  client.stall()
  for (let ref = 1; ref <= 6; ref++) client.tell({ type: 'history', ref, channel: 'c', limit: 100 })
  await clock.settle()
  for (let i = 0; i < 6; i++) {
    await client.resume()
    client.stall()
  }
  await client.resume()
  expect(client.end).toBeUndefined()
  expect(client.all('reply').map(({ ref }) => ref)).toEqual([1, 2, 3, 4, 5, 6])
})

test('a link that drains while a subscription starts begins no second filling beside the first', async () => {
  const reading = new Gate()
  const { connected, server, clock } = world({
    wrap: (backend) => ({
      join(handler) {
        const node = backend.join(handler)
        const recover: Broker['recover'] = (...asked) => reading.after(() => node.broker.recover(...asked))
        return { ...node, broker: { ...node.broker, recover } }
      },
    }),
  })
  const other = await connected()
  await other.subscribe({ channel: 'c', generation: 1 })
  const client = await connected()
  await client.subscribe({ channel: 'busy', generation: 1 })
  client.stall()
  for (let i = 0; i < 3; i++) await server.publish('busy', 'x'.repeat(200_000))
  await clock.settle()
  reading.close()
  await client.subscribe({ channel: 'c', generation: 1, since: { last: 10 } })
  await client.resume()
  await server.publish('c', 1)
  await clock.settle()
  reading.open()
  await clock.settle()
  const heard = client.heard.filter((frame) => 'channel' in frame && frame.channel === 'c')
  expect(heard.map(({ type }) => type)).toEqual(['subscribed', 'publication'])
})

test('who was behind when a failover lost what it had is told, also when nothing is published afterwards', async () => {
  const { connected, server, backend, clock } = world({
    limits: { sendQueueSoftBytes: 1_000, sendQueueHardBytes: 100_000 },
  })
  const client = await connected()
  await client.subscribe({ channel: 'c', generation: 1 })
  for (let i = 1; i <= 3; i++) await server.publish('c', i)
  await clock.settle()
  const copied = backend.checkpoint()
  client.stall()
  for (let i = 4; i <= 6; i++) {
    await server.publish('c', 'x'.repeat(800))
    await clock.settle()
  }
  backend.failOver(copied)
  await clock.settle()
  await client.resume()
  expect(client.offsets()).toEqual([1, 2, 3, 4, 5])
  expect(client.only('gap')).toMatchObject({ reason: 'rollback', from: 4, to: 5, position: { offset: 3 } })
})

test('a peer cannot pile up questions to the application: more than the inbox takes is RATE_LIMITED', async () => {
  const answers: Array<(allowed: boolean) => void> = []
  const { connected, server, clock } = world({ rules: false, limits: { inboxFrames: 10, messageBurst: 200 } })
  server.channel('{name}', { subscribe: () => new Promise<boolean>((resolve) => answers.push(resolve)) })
  const client = await connected()
  for (let generation = 1; generation <= 50; generation++) {
    client.tell({ type: 'subscribe', channel: 'c', generation })
    client.tell({ type: 'unsubscribe', channel: 'c', generation: generation % 2 ? generation : 0 })
  }
  await clock.settle()
  expect(answers).toHaveLength(10)
  expect(client.all('unsubscribed')).toHaveLength(40)
  expect(client.all('unsubscribed')[0]).toMatchObject({ code: 'RATE_LIMITED', retryable: true, retryAfterMs: 1_000 })
  for (const answer of answers) answer(true)
  await clock.settle()
  await client.subscribe({ channel: 'c', generation: 51 })
  answers.at(-1)?.(true)
  await clock.settle()
  expect(client.only('subscribed')).toMatchObject({ generation: 51 })
})

test('a link that is hung up while its first subscriptions begin subscribes to nothing more', async () => {
  const open = new Set<string>()
  const { link, clock } = world({
    limits: { channels: 1, sendQueueSoftBytes: 500, sendQueueHardBytes: 1_000 },
    wrap: (backend) => ({
      join(handler) {
        const node = backend.join(handler)
        const { subscribe, unsubscribe } = node.broker
        const broker: Broker = {
          ...node.broker,
          subscribe: (channel) => subscribe((open.add(channel), channel)),
          unsubscribe: (channel) => unsubscribe((open.delete(channel), channel)),
        }
        return { ...node, broker }
      },
    }),
  })
  const client = link()
  await client.say({
    type: 'connect',
    producer: PRODUCER,
    subscriptions: Array.from({ length: 60 }, (_, i) => ({ channel: `c${i}`, generation: 1 })),
  })
  expect(client.end?.code).toBe(4003)
  await clock.advance(60_000)
  expect([...open]).toEqual([])
})

test('what a peer adds to the start of a subscription, however deep, is ignored', async () => {
  const { connected } = world()
  const client = await connected()
  const deep = '['.repeat(20_000) + ']'.repeat(20_000)
  await client.sayText(`{"type":"subscribe","channel":"c","generation":1,"since":{"last":5,"more":${deep}}}`)
  expect(client.heard.at(-1)).toMatchObject({ type: 'subscribed', generation: 1 })
  await client.sayText(`{"type":"subscribe","channel":"c","generation":2,"since":{"epoch":"","offset":0,"x":${deep}}}`)
  expect(client.heard.at(-1)).toMatchObject({ type: 'subscribed', generation: 2 })
})
