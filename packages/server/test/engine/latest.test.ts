import { describe, expect, test } from 'vitest'
import type { BrokerHandler } from '../../src/index.js'
import { between } from '../support/between.js'
import { Gate } from '../support/gate.js'
import { world as anyWorld } from '../support/world.js'

const OPEN = { mode: 'latest', subscribe: true, publish: true } as const
/** Two such values fill a send queue. */
const LARGE = 'x'.repeat(3_000)
const LIMITS = { sendQueueSoftBytes: 4_096, sendQueueHardBytes: 65_536 }

function world() {
  const reading = new Gate()
  const handlers: BrokerHandler[] = []
  /** Whether publications, and the word of failovers, are lost on their way to nodes. */
  const weather = { lossy: false, deaf: false }
  const tools = anyWorld({
    rules: false,
    limits: LIMITS,
    wrap: (inner) =>
      between(
        inner,
        (handler) => {
          handlers.push(handler)
          return {
            deliver: (...news) => weather.lossy || handler.deliver(...news),
            resync: () => weather.deaf || handler.resync(),
          }
        },
        (broker) => ({ recover: (...asked) => reading.after(() => broker.recover(...asked)) }),
      ),
  })
  tools.server.channel('price:{id}', OPEN)
  return {
    ...tools,
    reading,
    weather,
    node: () => tools.node().channel('price:{id}', OPEN),
    /** Hands the first node a publication, as the broker does. */
    deliver: (...news: Parameters<BrokerHandler['deliver']>) => handlers[0]?.deliver(...news),
  }
}

/** Publishes several values and waits until they have arrived. */
async function put({ server, clock }: Pick<ReturnType<typeof world>, 'server' | 'clock'>, ...values: unknown[]) {
  let last
  for (const value of values) last = await server.publish('price:1', value)
  await clock.settle()
  if (!last) throw new Error('nothing was published')
  return { epoch: last.epoch, offset: last.offset }
}

const data = (link: { all(type: 'publication'): Array<{ data: unknown }> }) =>
  link.all('publication').map((publication) => publication.data)

describe('a subscriber', () => {
  test('of a channel nobody has written to starts at the null position, and gets the first value', async () => {
    const tools = world()
    const client = await tools.connected()
    await client.subscribe({ channel: 'price:1', generation: 1 })
    expect(client.only('subscribed')).toEqual({
      type: 'subscribed',
      channel: 'price:1',
      generation: 1,
      mode: 'latest',
      position: { epoch: '', offset: 0 },
      head: 0,
    })
    await put(tools, 'a')
    expect(data(client)).toEqual(['a'])
  })

  test.each([
    ['nothing said', undefined],
    ["'start'", 'start' as const],
    ['{ last: 0 }', { last: 0 }],
    ['an older position', { epoch: 'here', offset: 1 }],
    ['a newer position, which was lost', { epoch: 'here', offset: 9 }],
    ['a position of another log', { epoch: 'elsewhere', offset: 3 }],
    ['the null position', { epoch: '', offset: 0 }],
  ])('gets the newest value at once, with %s for a start', async (_, since) => {
    const tools = world()
    const { epoch } = await put(tools, 'a', 'b', 'c')
    const asked = typeof since === 'object' && 'epoch' in since && since.epoch === 'here' ? { ...since, epoch } : since
    for (const round of ['opens the channel', 'finds it live']) {
      const client = await tools.connected()
      await client.subscribe({ channel: 'price:1', generation: 1, ...(asked ? { since: asked } : {}) })
      expect(client.only('subscribed'), round).toMatchObject({
        mode: 'latest',
        position: { epoch, offset: 2 },
        head: 3,
      })
      expect(client.only('subscribed'), round).not.toHaveProperty('gap')
      expect(client.only('subscribed'), round).not.toHaveProperty('rebase')
      expect(data(client), round).toEqual(['c'])
    }
  })

  test('that resumes from exactly the newest position gets nothing, and then what is newer', async () => {
    const tools = world()
    const position = await put(tools, 'a', 'b')
    for (const round of ['opens the channel', 'finds it live']) {
      const client = await tools.connected()
      await client.subscribe({ channel: 'price:1', generation: 1, since: position })
      expect(client.only('subscribed'), round).toMatchObject({ position, head: 2 })
      expect(data(client), round).toEqual([])
      client.tell({ type: 'goodbye' })
    }
    const client = await tools.connected()
    await client.subscribe({ channel: 'price:1', generation: 1, since: position })
    await put(tools, 'c')
    expect(data(client)).toEqual(['c'])
  })

  test('gets a value however old it is', async () => {
    const tools = world()
    await put(tools, 'a')
    await tools.clock.advance(1_000_000)
    const client = await tools.connected()
    await client.subscribe({ channel: 'price:1', generation: 1 })
    expect(data(client)).toEqual(['a'])
  })

  test('that comes while the value is not known yet waits for it, and one that leaves meanwhile gets nothing', async () => {
    const tools = world()
    await put(tools, 'a', 'b')
    tools.reading.close()
    const early = await tools.connected()
    const gone = await tools.connected()
    await early.subscribe({ channel: 'price:1', generation: 1 })
    await gone.subscribe({ channel: 'price:1', generation: 1 })
    await gone.say({ type: 'unsubscribe', channel: 'price:1', generation: 1 })
    expect(early.all('subscribed')).toEqual([])
    tools.reading.open()
    await tools.clock.settle()
    expect(early.only('subscribed')).toMatchObject({ head: 2 })
    expect(data(early)).toEqual(['b'])
    expect([...gone.all('subscribed'), ...gone.all('publication')]).toEqual([])
  })
})

describe('a slow reader', () => {
  test('gets only the newest value when it reads again, and never a gap', async () => {
    const tools = world()
    const client = await tools.connected()
    await client.subscribe({ channel: 'price:1', generation: 1 })
    client.stall()
    await put(tools, LARGE, LARGE)
    // The queue is full: none of these waits in it.
    const waiting = client.bufferedBytes
    await put(tools, 'a', 'b', 'c', 'd')
    expect(client.bufferedBytes).toBe(waiting)
    await client.resume()
    expect(data(client)).toEqual([LARGE, LARGE, 'd'])
    expect(client.all('gap')).toEqual([])
    await put(tools, 'e')
    expect(data(client).slice(2)).toEqual(['d', 'e'])
  })

  test('gets the one value that did not fit', async () => {
    const tools = world()
    const client = await tools.connected()
    await client.subscribe({ channel: 'price:1', generation: 1 })
    client.stall()
    await put(tools, LARGE, LARGE, 'a')
    await client.resume()
    expect(data(client)).toEqual([LARGE, LARGE, 'a'])
  })

  test('that had the newest value when it fell behind on another channel is told nothing twice', async () => {
    const tools = world()
    tools.server.channel('filler', { subscribe: true })
    const client = await tools.connected()
    await client.subscribe({ channel: 'price:1', generation: 1 })
    await client.subscribe({ channel: 'filler', generation: 1 })
    await put(tools, 'a')
    client.stall()
    await tools.server.publish('filler', LARGE)
    await tools.server.publish('filler', LARGE)
    await tools.clock.settle()
    await client.resume()
    expect(data(client)).toEqual(['a', LARGE, LARGE])
    await put(tools, 'b')
    expect(data(client).slice(3)).toEqual(['b'])
  })

  test('that subscribes over a full link gets the value once there is room', async () => {
    const tools = world()
    tools.server.channel('filler', { subscribe: true })
    const client = await tools.connected()
    await client.subscribe({ channel: 'filler', generation: 1 })
    await put(tools, 'a')
    client.stall()
    await tools.server.publish('filler', LARGE)
    await tools.server.publish('filler', LARGE)
    await client.subscribe({ channel: 'price:1', generation: 1 })
    await put(tools, 'b')
    await client.resume()
    expect(client.all('subscribed').at(-1)).toMatchObject({ channel: 'price:1', mode: 'latest' })
    expect(data(client)).toEqual([LARGE, LARGE, 'b'])
  })
})

describe('when another history takes over', () => {
  test('without a loss, nobody is told anything until there is a newer value', async () => {
    const tools = world()
    const client = await tools.connected()
    await client.subscribe({ channel: 'price:1', generation: 1 })
    const position = await put(tools, 'a', 'b')
    client.take()
    await tools.failOver()
    expect(client.take()).toEqual([])
    const resumed = await tools.connected()
    await resumed.subscribe({ channel: 'price:1', generation: 1, since: position })
    expect(data(resumed)).toEqual([])
    const after = await put(tools, 'c')
    expect(after.epoch).not.toBe(position.epoch)
    expect(client.take()).toMatchObject([{ type: 'publication', data: 'c', ...after }])
    expect(data(resumed)).toEqual(['c'])
  })

  test('a reader of the old history that comes back gets the value of the new one, without a gap or a rebase', async () => {
    const tools = world()
    const position = await put(tools, 'a', 'b')
    await tools.failOver()
    const { epoch } = await put(tools, 'c')
    const client = await tools.connected()
    await client.subscribe({ channel: 'price:1', generation: 1, since: position })
    expect(client.only('subscribed')).toEqual({
      type: 'subscribed',
      channel: 'price:1',
      generation: 1,
      mode: 'latest',
      position: { epoch, offset: 2 },
      head: 3,
    })
    expect(data(client)).toEqual(['c'])
  })

  test('that has lost values, live readers get the next value at whatever offset', async () => {
    const tools = world()
    const client = await tools.connected()
    await client.subscribe({ channel: 'price:1', generation: 1 })
    await put(tools, 'a')
    const replica = tools.backend.checkpoint()
    await put(tools, 'b', 'c', 'd')
    tools.backend.failOver(replica)
    await tools.clock.settle()
    const { offset } = await put(tools, 'e')
    expect(offset).toBe(2)
    expect(data(client).slice(0, 4)).toEqual(['a', 'b', 'c', 'd'])
    expect(data(client).at(-1)).toBe('e')
    expect([...client.all('gap'), ...client.all('rebase')]).toEqual([])
  })

  test('that knows nothing of the channel, a new reader gets nothing, and all get the next value', async () => {
    const tools = world()
    const replica = tools.backend.checkpoint()
    const client = await tools.connected()
    await client.subscribe({ channel: 'price:1', generation: 1 })
    await put(tools, 'a')
    tools.backend.failOver(replica)
    await tools.clock.settle()
    const late = await tools.connected()
    await late.subscribe({ channel: 'price:1', generation: 1 })
    expect(late.only('subscribed')).toMatchObject({ position: { epoch: '', offset: 0 }, head: 0 })
    expect(data(late)).toEqual([])
    await put(tools, 'b')
    expect(data(late)).toEqual(['b'])
    expect(data(client)).toEqual(['a', 'b'])
    expect(client.all('gap')).toEqual([])
  })

  test('a value that was lost on its way to a node is found when the node verifies its position', async () => {
    const tools = world()
    const client = await tools.connected()
    await client.subscribe({ channel: 'price:1', generation: 1 })
    await put(tools, 'a')
    tools.weather.lossy = true
    await put(tools, 'b', 'c')
    expect(data(client)).toEqual(['a'])
    tools.weather.lossy = false
    await tools.failOver()
    expect(data(client)).toEqual(['a', 'c'])
  })

  test('nobody reads the log because of values in between that a node has missed', async () => {
    const tools = world()
    const client = await tools.connected()
    await client.subscribe({ channel: 'price:1', generation: 1 })
    await put(tools, 'a')
    tools.weather.lossy = true
    await put(tools, 'b')
    tools.weather.lossy = false
    tools.reading.close()
    await put(tools, 'c')
    expect(data(client)).toEqual(['a', 'c'])
  })

  test('a node that has not heard of it does not tell a reader of the new history an older value', async () => {
    const tools = world()
    const here = await tools.connected()
    await here.subscribe({ channel: 'price:1', generation: 1 })
    await put(tools, 'a', 'b')
    Object.assign(tools.weather, { lossy: true, deaf: true })
    await tools.failOver()
    const position = await put(tools, 'c')
    const client = await tools.connected()
    await client.subscribe({ channel: 'price:1', generation: 1, since: position })
    expect(client.only('subscribed')).toMatchObject({ position, head: 3 })
    expect(data(client)).toEqual([])
    // The node knows by now, and so do those who were there before.
    expect(data(here)).toEqual(['a', 'b', 'c'])
  })

  test('news of the old history that comes late does not put an older value in place of a newer one', async () => {
    const tools = world()
    const client = await tools.connected()
    await client.subscribe({ channel: 'price:1', generation: 1 })
    const old = await put(tools, 'a', 'b')
    await tools.failOver()
    await put(tools, 'c')
    tools.deliver('price:1', old.epoch, [{ offset: 9, id: 'late', at: 0, payload: '"late"' }])
    await tools.clock.settle()
    expect(data(client)).toEqual(['a', 'b', 'c'])
    const late = await tools.connected()
    await late.subscribe({ channel: 'price:1', generation: 1 })
    expect(data(late)).toEqual(['c'])
  })
})

test('a value that is published once under a number or a key is stored once, and its repeat has its position', async () => {
  const { connected } = world()
  const client = await connected()
  await client.subscribe({ channel: 'price:1', generation: 1 })
  const first = await client.publish('price:1', 'a', { seq: 1, lowest: 1, key: 'k' })
  const again = await client.publish('price:1', 'a', { seq: 1, lowest: 1, key: 'k' })
  expect(first).toMatchObject({ type: 'reply', position: { offset: 1 } })
  expect(again).toMatchObject({ type: 'reply', position: (first as { position: object }).position })
  expect(await client.publish('price:1', 'b', { seq: 2, lowest: 2, key: 'k' })).toMatchObject({
    position: { offset: 1 },
  })
  expect(data(client)).toEqual(['a'])
})

test('the history of a latest channel is its newest value', async () => {
  const tools = world()
  const position = await put(tools, 'a', 'b', 'c')
  const client = await tools.connected()
  await client.say({ type: 'history', ref: 1, channel: 'price:1', limit: 10 })
  expect(client.only('reply')).toMatchObject({ position, publications: [{ data: 'c', offset: 3 }], more: false })
  expect((await tools.server.history('price:1')).publications).toMatchObject([{ data: 'c' }])
})

test('a value reaches the subscribers of another node', async () => {
  const tools = world()
  const client = await tools.connected(tools.node())
  await client.subscribe({ channel: 'price:1', generation: 1 })
  await put(tools, 'a', 'b')
  expect(data(client)).toEqual(['a', 'b'])
})
