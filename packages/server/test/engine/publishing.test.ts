import { expect, test } from 'vitest'
import { contract, RealtimeError, type PublishOptions } from '../../src/index.js'
import type { StandardSchema } from '@org/realtime-protocol'
import { Gate } from '../support/gate.js'
import { world } from '../support/world.js'

/** A schema that counts its runs and doubles numbers. */
function doubling() {
  const runs: unknown[] = []
  const schema: StandardSchema<number, number> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate(value) {
        runs.push(value)
        return typeof value === 'number' ? { value: value * 2 } : { issues: [{ message: 'not a number' }] }
      },
    },
  }
  return { runs, schema }
}

test('a publish is answered with its position and its id, and subscribers get it with who sent it', async () => {
  const { link, connected } = world({ authenticate: ({ token }) => ({ user: { id: token ?? '' } }) })
  const sender = link()
  const { session } = await sender.connect({ token: 'ada' })
  const listener = await connected(undefined, { token: 'bob' })
  await listener.subscribe({ channel: 'c', generation: 1 })
  const reply = await sender.publish('c', { text: 'hi' }, { id: 'mine', meta: { k: 'v' } })
  const { epoch } = listener.only('publication')
  expect(reply).toEqual({ type: 'reply', ref: 1, position: { epoch, offset: 1 }, id: 'mine' })
  expect(listener.only('publication')).toMatchObject({
    id: 'mine',
    data: { text: 'hi' },
    from: { user: 'ada', session: session.id },
    meta: { k: 'v' },
  })
})

test('a publisher that subscribes gets its own message too, once', async () => {
  const client = await world().connected()
  await client.subscribe({ channel: 'c', generation: 1 })
  const reply = await client.publish('c', 1, { id: 'mine' })
  expect(reply).toMatchObject({ type: 'reply', id: 'mine' })
  expect(client.only('publication')).toMatchObject({ id: 'mine', offset: 1 })
})

test('the publish rule decides: no, yes, other data, or no with a text that only the sender gets', async () => {
  const { connected, server, logger } = world({ rules: false })
  const verdicts: Record<string, unknown> = {
    no: false,
    yes: true,
    other: { data: { replaced: true } },
    refuse: { refuse: 'mind your language' },
    nothing: undefined,
    odd: 'yes',
  }
  server.channel('{name}', {
    subscribe: true,
    publish: (_, { name }) => Promise.resolve(verdicts[name] as boolean),
  })
  server.channel('throws', {
    publish() {
      throw new Error('secret')
    },
  })
  const [sender, listener] = [await connected(), await connected()]
  for (const channel of Object.keys(verdicts)) await listener.subscribe({ channel, generation: 1 })
  expect(await sender.publish('no', 1)).toMatchObject({ type: 'error', code: 'FORBIDDEN' })
  expect(await sender.publish('yes', 1)).toMatchObject({ type: 'reply' })
  expect(await sender.publish('other', 1)).toMatchObject({ type: 'reply' })
  expect(await sender.publish('refuse', 1)).toMatchObject({ code: 'REFUSED', message: 'mind your language' })
  expect(await sender.publish('nothing', 1)).toMatchObject({ code: 'FORBIDDEN' })
  expect(await sender.publish('odd', 1)).toMatchObject({ code: 'INTERNAL' })
  expect(await sender.publish('throws', 1)).toMatchObject({ code: 'INTERNAL', retryable: true })
  expect(await sender.publish('a:b', 1)).toMatchObject({ code: 'UNKNOWN_CHANNEL' })
  expect(listener.all('publication').map(({ channel, data }) => [channel, data])).toEqual([
    ['yes', 1],
    ['other', { replaced: true }],
  ])
  expect(JSON.stringify(listener.heard)).not.toContain('language')
  expect(JSON.stringify(sender.heard)).not.toContain('secret')
  expect(logger.of('error')).toEqual(['publish rule failed', 'publish rule failed'])
})

test('without a rule, clients may not publish, and the server may', async () => {
  const { connected, server } = world({ rules: false })
  server.channel('c', { subscribe: true })
  const client = await connected()
  expect(await client.publish('c', 1)).toMatchObject({ code: 'FORBIDDEN' })
  expect(await server.publish('c', 1)).toMatchObject({ offset: 1 })
})

test('the schema runs once for each publication, whoever publishes and however many listen; its output is what is stored', async () => {
  const { runs, schema } = doubling()
  const { server, connected, clock } = world({
    rules: false,
    contract: contract({ channels: { n: { message: schema } } }),
  })
  const seen: unknown[] = []
  server.channel('n', { subscribe: true, publish: ({ data }) => (seen.push(data), true) })
  const clients = [await connected(), await connected(), await connected()]
  for (const client of clients) await client.subscribe({ channel: 'n', generation: 1 })
  await clients[0]?.publish('n', 4)
  await server.publish('n', 5)
  await clock.settle()
  expect(runs).toEqual([4, 5])
  expect(seen).toEqual([8])
  for (const client of clients) expect(client.all('publication').map(({ data }) => data)).toEqual([8, 10])
  expect((await server.history('n')).publications.map(({ data }) => data)).toEqual([8, 10])
  expect(runs).toHaveLength(2)
})

test('data that does not fit the schema is INVALID_DATA, and the rule is not asked', async () => {
  const { schema } = doubling()
  const { server, connected } = world({ rules: false, contract: contract({ channels: { n: { message: schema } } }) })
  let asked = 0
  server.channel('n', { publish: () => ((asked += 1), true) })
  const client = await connected()
  expect(await client.publish('n', 'four')).toMatchObject({ code: 'INVALID_DATA', message: 'not a number' })
  await expect(server.publish('n', 'four')).rejects.toMatchObject({ code: 'INVALID_DATA', name: 'RealtimeError' })
  expect(asked).toBe(0)
  expect((await server.history('n')).position).toEqual({ epoch: '', offset: 0 })
})

test.each<[string, unknown]>([
  ['a key that is a number', { key: 5 }],
  ['a key that is a list', { key: ['k'] }],
  ['a key that is null', { key: null }],
  ['an empty key', { key: '' }],
  ['a key of 65 bytes', { key: 'x'.repeat(65) }],
  ['a meta with a number in it', { meta: { depth: 5 } }],
  ['a meta that is a list', { meta: ['x'] }],
  ['a meta that is null', { meta: null }],
  ['a meta that is a text', { meta: 'x' }],
  ['a meta of more than 1 KiB', { meta: { x: 'x'.repeat(1_024) } }],
])('the server refuses to publish with %s, and stores nothing', async (_, options) => {
  const { server } = world()
  await expect(server.publish('c', 1, options as PublishOptions)).rejects.toMatchObject({ code: 'INVALID_DATA' })
  await expect(server.publishToUser('ada', 1, options as PublishOptions)).rejects.toMatchObject({
    code: 'INVALID_DATA',
  })
  expect((await server.history('c')).publications).toEqual([])
})

test('data larger than the log may hold is TOO_LARGE, data that is no JSON is INVALID_DATA', async () => {
  const { server, connected } = world()
  server.channel('small', { publish: true, log: { bytes: 100 } })
  const client = await connected()
  expect(await client.publish('small', 'é'.repeat(49))).toMatchObject({ type: 'reply' })
  expect(await client.publish('small', 'é'.repeat(50))).toMatchObject({ code: 'TOO_LARGE' })
  await expect(server.publish('c', undefined)).rejects.toMatchObject({ code: 'INVALID_DATA' })
  await expect(server.publish('c', () => 1)).rejects.toMatchObject({ code: 'INVALID_DATA' })
  await expect(server.publish('c', 1n)).rejects.toMatchObject({ code: 'INVALID_DATA' })
})

test('publishes of one link to one channel are handled in order, those to different channels side by side', async () => {
  const gate = new Gate()
  const { connected, server, clock } = world({ rules: false })
  server.channel('slow', { publish: () => gate.after(() => Promise.resolve(true)) })
  server.channel('quick', { publish: true })
  const client = await connected()
  gate.close()
  for (let ref = 1; ref <= 3; ref++) client.tell({ type: 'publish', ref, channel: 'slow', id: `m${ref}`, data: ref })
  client.tell({ type: 'publish', ref: 4, channel: 'quick', id: 'm4', data: 4 })
  await clock.settle()
  expect(gate.size).toBe(1)
  expect(client.all('reply').map(({ ref }) => ref)).toEqual([4])
  gate.open()
  await clock.settle()
  expect(client.all('reply').map(({ ref, position }) => [ref, position.offset])).toEqual([
    [4, 1],
    [1, 1],
    [2, 2],
    [3, 3],
  ])
})

test('64 publishes to a channel may wait, the next one is turned away for now, and the link lives', async () => {
  const gate = new Gate()
  const { connected, server, clock } = world({ rules: false })
  server.channel('{name}', { publish: () => gate.after(() => Promise.resolve(true)) })
  const client = await connected()
  gate.close()
  for (let ref = 1; ref <= 65; ref++) client.tell({ type: 'publish', ref, channel: 'c', id: `m${ref}`, data: ref })
  await clock.settle()
  expect(client.only('error')).toMatchObject({ ref: 65, code: 'RATE_LIMITED', retryable: true, retryAfterMs: 1_000 })
  gate.open()
  await clock.settle()
  expect(client.all('reply')).toHaveLength(64)
  await client.say({ type: 'publish', ref: 66, channel: 'c', id: 'm66', data: 66 })
  expect(client.answer(66)).toMatchObject({ type: 'reply' })
})

test('256 frames of a link may wait to be handled, over all channels', async () => {
  const gate = new Gate()
  const { connected, server, clock } = world({ rules: false, limits: { messageBurst: 300 } })
  server.channel('{name}', { publish: () => gate.after(() => Promise.resolve(true)) })
  const client = await connected()
  gate.close()
  for (let ref = 1; ref <= 257; ref++) {
    client.tell({ type: 'publish', ref, channel: `c${ref % 8}`, id: `m${ref}`, data: ref })
  }
  await clock.settle()
  expect(client.only('error')).toMatchObject({ ref: 257, code: 'RATE_LIMITED' })
})

test('a number that comes again over another link, session or node takes effect once', async () => {
  const { connected, node, server } = world()
  const first = await connected()
  const reply = await first.publish('c', 1, { id: 'a', seq: 1, lowest: 1 })
  const again = await (await connected(node())).publish('c', 1, { id: 'a', seq: 1, lowest: 1 })
  expect(again).toEqual(reply)
  expect((await server.history('c')).publications).toHaveLength(1)
})

test('a number out of order is told which one is expected, and one that is forgotten as well', async () => {
  const client = await world().connected()
  expect(await client.publish('c', 2, { seq: 2, lowest: 1 })).toMatchObject({
    type: 'error',
    code: 'OUT_OF_ORDER',
    expected: 1,
    retryable: true,
  })
  for (let seq = 1; seq <= 65; seq++) await client.publish('c', seq, { seq, lowest: seq })
  expect(await client.publish('c', 1, { seq: 1, lowest: 1 })).toMatchObject({ code: 'OUT_OF_ORDER', expected: 66 })
})

test('a refused publish uses its number up: what comes behind it is sent again with a lowest past it', async () => {
  const { connected, server } = world({ rules: false })
  server.channel('c', { publish: ({ data }) => (data === 'bad' ? { refuse: 'no' } : true) })
  const client = await connected()
  await client.publish('c', 'one', { seq: 1, lowest: 1 })
  expect(await client.publish('c', 'bad', { seq: 2, lowest: 1 })).toMatchObject({ code: 'REFUSED' })
  expect(await client.publish('c', 'three', { seq: 3, lowest: 2 })).toMatchObject({ code: 'OUT_OF_ORDER', expected: 2 })
  expect(await client.publish('c', 'three', { seq: 3, lowest: 3 })).toMatchObject({ type: 'reply' })
  expect((await server.history('c')).publications.map(({ data }) => data)).toEqual(['one', 'three'])
})

test('nobody uses up the numbers of another user, whatever its producer id', async () => {
  const { connected, server } = world({ authenticate: ({ token }) => ({ user: { id: token ?? '' } }) })
  const ada = await connected(undefined, { token: 'ada' })
  const eve = await connected(undefined, { token: 'eve' })
  await eve.publish('c', 'eve', { id: 'x', seq: 1, lowest: 1 })
  expect(await ada.publish('c', 'ada', { id: 'y', seq: 1, lowest: 1 })).toMatchObject({ id: 'y' })
  const spaced = await connected(undefined, { token: 'a', producer: 'b a-producer-of-22-chars' })
  const other = await connected(undefined, { token: 'a b', producer: 'a-producer-of-22-chars' })
  await spaced.publish('c', 'spaced', { id: 'v', seq: 1, lowest: 1 })
  expect(await other.publish('c', 'other', { id: 'w', seq: 1, lowest: 1 })).toMatchObject({ id: 'w' })
  expect((await server.history('c')).publications).toHaveLength(4)
})

test("a key takes effect once for its sender, and is not another sender's", async () => {
  const { connected, server } = world({
    authenticate: ({ token }) => ({ user: token ? { id: token } : null }),
  })
  const ada = await connected(undefined, { token: 'ada' })
  const eve = await connected(undefined, { token: 'eve' })
  const anonymous = [
    await connected(undefined, { producer: 'producer-number-one-22' }),
    await connected(undefined, { producer: 'producer-number-two-22' }),
  ]
  expect(await ada.publish('c', 1, { id: 'a', key: 'k' })).toMatchObject({ id: 'a', position: { offset: 1 } })
  const again = await connected(undefined, { token: 'ada', producer: 'another-producer-of-22' })
  expect(await again.publish('c', 1, { id: 'b', key: 'k' })).toMatchObject({ id: 'a', position: { offset: 1 } })
  expect(await eve.publish('c', 1, { id: 'e', key: 'k' })).toMatchObject({ id: 'e' })
  for (const [i, client] of anonymous.entries()) {
    expect(await client.publish('c', 1, { id: `n${i}`, key: 'k' })).toMatchObject({ id: `n${i}` })
    expect(await client.publish('c', 1, { id: 'again', key: 'k' })).toMatchObject({ id: `n${i}` })
  }
  const published = await server.publish('c', 1, { key: 'k' })
  expect(await server.publish('c', 1, { key: 'k' })).toEqual(published)
  expect((await server.history('c')).publications).toHaveLength(5)
})

test('the reply tells where the epoch of the latest acknowledged publish ended', async () => {
  const { connected, failOver } = world()
  const client = await connected()
  const first = await client.publish('c', 1)
  const epoch = first.type === 'reply' ? first.position.epoch : ''
  await failOver()
  const second = await client.publish('c', 2, { epoch })
  expect(second).toMatchObject({ type: 'reply', rebase: { from: epoch, end: 1 } })
  const current = second.type === 'reply' ? second.position.epoch : ''
  expect(await client.publish('c', 3, { epoch: current })).not.toHaveProperty('rebase')
})

test('a broker that fails is UNAVAILABLE and retryable, for clients and for the server', async () => {
  const { connected, server, logger } = world({
    wrap: (backend) => ({
      join(handler) {
        const node = backend.join(handler)
        const down = () => Promise.reject(new Error('redis password'))
        return { ...node, broker: { ...node.broker, publish: down, history: down } }
      },
    }),
  })
  const client = await connected()
  expect(await client.publish('c', 1)).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  await client.say({ type: 'history', ref: 9, channel: 'c', limit: 1 })
  expect(client.answer(9)).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  const failure = await server.publish('c', 1).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(RealtimeError)
  expect(failure).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  await expect(server.history('c')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(JSON.stringify(client.heard)).not.toContain('password')
  expect(logger.of('error')).toHaveLength(4)
})

test('the server is told what it does wrong', async () => {
  const { server } = world({ rules: false })
  await expect(server.publish('nowhere', 1)).rejects.toMatchObject({ code: 'UNKNOWN_CHANNEL', retryable: false })
  await expect(server.publish('', 1)).rejects.toMatchObject({ code: 'INVALID_CHANNEL' })
  server.channel('c')
  await server.publish('c', 1)
  await expect(server.history('c', { after: { epoch: 'x', offset: 1 } })).rejects.toMatchObject({
    code: 'POSITION_LOST',
  })
})

test('a publish whose link is lost while the rule decides is left to the next link', async () => {
  const { server, connected, clock } = world()
  const gate = new Gate()
  server.channel('slow', { subscribe: true, publish: () => gate.after(() => Promise.resolve(true)) })
  gate.close()
  const lost = await connected()
  await lost.say({ type: 'publish', ref: 1, channel: 'slow', id: 'a', data: 1, seq: 1, lowest: 1 })
  await lost.cut()
  const gone = await connected()
  await gone.say({ type: 'publish', ref: 1, channel: 'slow', id: 'b', data: 2, seq: 1, lowest: 1 })
  await gone.say({ type: 'goodbye' })
  gate.open()
  await clock.settle()
  expect((await server.history('slow')).publications.map(({ id }) => id)).toEqual(['b'])
})

test('a broker that tries a publish late can ask whether its link is there, which one that said goodbye needs not be', async () => {
  const wanted: Array<(() => boolean) | undefined> = []
  const gate = new Gate()
  const { server, connected, clock } = world({
    wrap: (backend) => ({
      join(handler) {
        const { broker, ...node } = backend.join(handler)
        const publish: typeof broker.publish = (request) => {
          wanted.push(request.isWanted)
          return gate.after(() => broker.publish(request))
        }
        return { ...node, broker: { ...broker, publish } }
      },
    }),
  })
  gate.close()
  const [lost, gone] = [await connected(), await connected()]
  for (const client of [lost, gone]) {
    await client.say({ type: 'publish', ref: 1, channel: 'c', id: 'a', data: 1, seq: 1, lowest: 1 })
  }
  void server.publish('c', 1)
  await clock.settle()
  const answers = () => wanted.map((isWanted) => isWanted?.())
  expect(answers()).toEqual([true, true, undefined])
  await lost.cut()
  await gone.say({ type: 'goodbye' })
  expect(answers()).toEqual([false, true, undefined])
  gate.open()
})
