import { describe, expect, test } from 'vitest'
import type { ChannelStateEvent, Message } from '../src/index.js'
import { settled } from './support/settled.js'
import { outcome, World } from './support/world.js'

describe('the first message listener', () => {
  test('subscribes, and the last one unsubscribes a second after it left', async () => {
    const world = new World()
    const link = await world.connect()
    const one = world.client.channel('room').on('message', () => {})
    const two = world.client.channel('room').on('message', () => {})
    expect(link.of('subscribe')).toHaveLength(1)
    link.subscribed('room', 'e', 0)
    one()
    one()
    await world.clock.advance(5_000)
    expect(link.of('unsubscribe')).toHaveLength(0)
    two()
    await world.clock.advance(999)
    expect(link.of('unsubscribe')).toHaveLength(0)
    await world.clock.advance(1)
    expect(link.of('unsubscribe')).toEqual([
      { type: 'unsubscribe', channel: 'room', generation: link.generation('room') },
    ])
    expect(world.client.channel('room').state.status).toBe('unsubscribed')
  })

  test('that leaves and comes back at once changes nothing on the wire, as in StrictMode', async () => {
    const world = new World()
    const link = await world.connect()
    const room = world.client.channel('room')
    room.on('message', () => {})()
    const off = room.on('message', () => {})
    await world.clock.advance(10_000)
    expect(link.of('subscribe')).toHaveLength(1)
    expect(link.of('unsubscribe')).toHaveLength(0)
    off()
  })

  test('that comes back later starts a new subscription with a higher generation and no position', async () => {
    const world = new World()
    const link = await world.connect()
    const room = world.client.channel('room')
    const off = room.on('message', () => {})
    link.subscribed('room', 'e', 7)
    const first = link.generation('room')
    off()
    await world.clock.advance(1_000)
    expect(room.position).toBeUndefined()
    room.on('message', () => {})
    expect(link.last('subscribe')).toEqual({
      type: 'subscribe',
      channel: 'room',
      generation: expect.any(Number) as number,
    })
    expect(link.generation('room')).toBeGreaterThan(first)
  })

  test('leaves by its signal too', async () => {
    const world = new World({ lingerMs: 0 })
    const link = await world.connect()
    const controller = new AbortController()
    world.client.channel('room').on('message', () => {}, { signal: controller.signal })
    controller.abort()
    await world.clock.advance(0)
    expect(link.of('unsubscribe')).toHaveLength(1)
  })

  test('whose signal has aborted already does not subscribe', async () => {
    const world = new World()
    const link = await world.connect()
    world.client.channel('room').on('message', () => {}, { signal: AbortSignal.abort() })
    expect(link.of('subscribe')).toHaveLength(0)
  })
})

describe('since', () => {
  test('of somebody who comes while nobody is there begins anew; without it the subscription goes on', async () => {
    const world = new World({ lingerMs: 1_000 })
    const link = await world.connect()
    const leave = world.client.channel('room', { since: { last: 5 } }).on('message', () => {})
    link.subscribed('room', 'e', 3)
    const first = link.generation('room')
    leave()
    await world.clock.advance(500)
    const leaveAgain = world.client.channel('room').on('message', () => {})
    expect(link.of('subscribe')).toHaveLength(1)
    leaveAgain()
    await world.clock.advance(500)
    world.client.channel('room', { since: { last: 5 } }).on('message', () => {})
    expect(link.last('subscribe')).toMatchObject({ channel: 'room', since: { last: 5 } })
    expect(link.generation('room')).toBeGreaterThan(first)
    await world.clock.advance(5_000)
    expect(link.of('unsubscribe')).toHaveLength(0)
  })

  test('acts when a subscription starts, not when a handle joins one', async () => {
    const world = new World()
    const link = await world.connect()
    world.client.channel('room', { since: 'start' }).on('message', () => {})
    world.client.channel('room', { since: { last: 5 } }).on('message', () => {})
    expect(link.of('subscribe')).toMatchObject([{ since: 'start' }])
  })

  test('is asked again after a reconnect until there is a position', async () => {
    const world = new World()
    world.client.channel('room', { since: { last: 5 } }).on('message', () => {})
    await world.connect()
    const second = await world.reconnect()
    expect(second.last('connect').subscriptions).toMatchObject([{ since: { last: 5 } }])
    second.subscribed('room', 'e', 3, { head: 8 })
    const third = await world.reconnect()
    expect(third.last('connect').subscriptions).toMatchObject([{ since: { epoch: 'e', offset: 3 } }])
  })

  test('a position is where the client goes on, and what is missing after it is told', async () => {
    const world = new World()
    const gaps: unknown[] = []
    const room = world.client.channel('room', { since: { epoch: 'e', offset: 2 } })
    room.on('message', () => {})
    room.on('gap', (gap) => gaps.push(gap))
    const link = await world.connect()
    link.subscribed('room', 'e', 5, { head: 9, gap: { reason: 'trimmed', from: 3, to: 5 } })
    expect(gaps).toEqual([{ channel: 'room', reason: 'trimmed', from: 3, to: 5, position: { epoch: 'e', offset: 5 } }])
    expect(room.state).toMatchObject({ status: 'subscribed', recovered: 4, resumed: false })
  })
})

describe('the state', () => {
  test('goes from unsubscribed over subscribing to subscribed, and back', async () => {
    const world = new World()
    const room = world.client.channel('room')
    const states: ChannelStateEvent[] = []
    room.on('state', (state) => states.push(state))
    const off = room.on('message', () => {})
    const first = await world.connect()
    first.subscribed('room', 'e', 2, { head: 5 })
    const second = await world.reconnect()
    second.subscribed('room', 'e', 2, { head: 3 })
    off()
    await world.clock.advance(1_000)
    expect(states.map(({ previous, status, recovered, resumed }) => [previous, status, recovered, resumed])).toEqual([
      ['unsubscribed', 'subscribing', undefined, undefined],
      ['subscribing', 'subscribed', 3, false],
      ['subscribed', 'subscribing', undefined, undefined],
      ['subscribing', 'subscribed', 1, true],
      ['subscribed', 'unsubscribed', undefined, undefined],
    ])
  })

  test('ready() resolves at subscribed', async () => {
    const world = new World()
    const room = world.client.channel('room')
    room.on('message', () => {})
    const ready = room.ready()
    const link = await world.connect()
    expect(await outcome(ready)).toBe('pending')
    link.subscribed('room', 'e', 0)
    expect(await outcome(ready)).toBeUndefined()
    expect(await outcome(room.ready())).toBeUndefined()
  })

  test('ready() gives up with its signal', async () => {
    const world = new World()
    const controller = new AbortController()
    const room = world.client.channel('room')
    room.on('message', () => {})
    const ready = room.ready({ signal: controller.signal })
    controller.abort()
    expect(await outcome(ready)).toBe('ABORTED')
  })

  test('ready() says UNSUBSCRIBED instead of waiting for ever when nobody listens for messages', async () => {
    const world = new World()
    const room = world.client.channel('room')
    expect(await outcome(room.ready())).toBe('UNSUBSCRIBED')
    room.on('state', () => {})
    expect(await outcome(room.ready())).toBe('UNSUBSCRIBED')
    const off = room.on('message', () => {})
    const ready = room.ready()
    expect(await outcome(ready)).toBe('pending')
    off()
    await world.clock.advance(1_001)
    expect(await outcome(ready)).toBe('UNSUBSCRIBED')
    const iterating = room.messages()
    void iterating.next()
    expect(await outcome(room.ready())).toBe('pending')
    await iterating.return?.()
  })

  test('ready() waits when it is called by a listener that has just subscribed', async () => {
    const world = new World()
    const rooms = ['one', 'two'].map((name) => world.client.channel(name))
    let ready: Promise<void> = Promise.reject(new Error('not asked'))
    ready.catch(() => {})
    rooms[0]?.on('message', () => {
      rooms[1]?.on('message', () => {})
      ready = rooms[1]?.ready() ?? ready
    })
    const link = await world.connect()
    link.subscribed('one', 'e', 0)
    link.say({ type: 'publication', channel: 'one', epoch: 'e', offset: 1, id: 'm', at: 1, data: 1 })
    expect(await outcome(ready)).toBe('pending')
    link.subscribed('two', 'e', 0)
    expect(await outcome(ready)).toBeUndefined()
  })
})

describe('a refused subscription', () => {
  test('is unsubscribed with the error; ready rejects, iterators throw, and nothing asks again', async () => {
    const world = new World()
    const room = world.client.channel('room')
    room.on('message', () => {})
    const next = room.messages().next()
    const ready = room.ready()
    const link = await world.connect()
    link.say({
      type: 'unsubscribed',
      channel: 'room',
      generation: link.generation('room'),
      code: 'FORBIDDEN',
      message: 'no',
    })
    expect(room.state).toMatchObject({
      status: 'unsubscribed',
      error: { code: 'FORBIDDEN', message: 'no', retryable: false },
    })
    expect(await outcome(ready)).toBe('FORBIDDEN')
    expect(await outcome(next)).toBe('FORBIDDEN')
    const second = await world.reconnect()
    expect(second.last('connect').subscriptions).toBeUndefined()
  })

  test('starts again with the next listener', async () => {
    const world = new World()
    const room = world.client.channel('room')
    room.on('message', () => {})
    const link = await world.connect()
    link.say({
      type: 'unsubscribed',
      channel: 'room',
      generation: link.generation('room'),
      code: 'FORBIDDEN',
      message: '',
    })
    room.on('message', () => {})
    expect(link.of('subscribe')).toHaveLength(1)
    expect(room.state).toEqual({ status: 'subscribing' })
  })

  test('that can succeed later is asked again from the last position, after a growing back-off', async () => {
    const world = new World()
    const room = world.client.channel('room')
    room.on('message', () => {})
    const link = await world.connect()
    link.subscribed('room', 'e', 4)
    const refuse = (fields: object = {}) =>
      link.say({
        type: 'unsubscribed',
        channel: 'room',
        generation: link.generation('room'),
        code: 'UNAVAILABLE',
        message: '',
        ...fields,
      })
    refuse()
    expect(room.state.status).toBe('subscribing')
    await world.clock.advance(349)
    expect(link.of('subscribe')).toHaveLength(0)
    await world.clock.advance(1)
    expect(link.last('subscribe').since).toEqual({ epoch: 'e', offset: 4 })
    refuse({ retryAfterMs: 9_000 })
    await world.clock.advance(9_499)
    expect(link.of('subscribe')).toHaveLength(1)
    await world.clock.advance(1)
    expect(link.of('subscribe')).toHaveLength(2)
  })
})

describe('late news', () => {
  test('answers with another generation change nothing', async () => {
    const world = new World()
    const room = world.client.channel('room')
    room.on('message', () => {})
    const link = await world.connect()
    const generation = link.generation('room') + 7
    link.say({ type: 'subscribed', channel: 'room', generation, position: { epoch: 'x', offset: 1 }, head: 1 })
    link.say({ type: 'unsubscribed', channel: 'room', generation, code: 'FORBIDDEN', message: '' })
    expect(room.state.status).toBe('subscribing')
    expect(room.position).toBeUndefined()
  })

  test('a subscription that starts although everybody left meanwhile is ended', async () => {
    const world = new World({ lingerMs: 0 })
    const off = world.client.channel('room').on('message', () => {})
    world.client.connect()
    await settled()
    world.link.open()
    off()
    await world.clock.advance(0)
    world.link.accept()
    world.link.subscribed('room', 'e', 0)
    expect(world.link.of('unsubscribe')).toMatchObject([{ generation: world.link.generation('room') }])
  })
})

describe('many subscriptions', () => {
  test('go 128 in the connect frame and the rest after it', async () => {
    const world = new World()
    for (let i = 0; i < 130; i++) world.client.channel(`room:${i}`).on('message', () => {})
    const link = await world.connect()
    expect(link.last('connect').subscriptions).toHaveLength(128)
    expect(link.of('subscribe').map(({ channel }) => channel)).toEqual(['room:128', 'room:129'])
  })

  test('with long names still fit a connect frame of 64 KiB', async () => {
    const world = new World()
    for (let i = 100; i < 228; i++)
      world.client.channel(`${i}${'ü'.repeat(126)}`, { since: { last: i } }).on('message', () => {})
    const link = await world.connect()
    expect(new TextEncoder().encode(JSON.stringify(link.last('connect'))).length).toBeLessThan(65_536)
    expect((link.last('connect').subscriptions?.length ?? 0) + link.of('subscribe').length).toBe(128)
  })
})

test.each(['', 'a\nb', '\ud800', 'x'.repeat(256), 'ü'.repeat(128)])('the name %j is refused at the door', (name) => {
  const { client } = new World()
  expect(() => client.channel(name)).toThrow(expect.objectContaining({ code: 'INVALID_CHANNEL' }) as Error)
})

describe('messages', () => {
  test('come with all there is to know, and with whether they are recovered', async () => {
    const world = new World()
    const heard: Message[] = []
    world.client.channel('room', { since: 'start' }).on('message', (message) => heard.push(message))
    const link = await world.connect()
    link.subscribed('room', 'e', 0, { head: 1 })
    const from = { user: 'ada', session: 's9' }
    link.say({
      type: 'publication',
      channel: 'room',
      epoch: 'e',
      offset: 1,
      id: 'm',
      at: 5,
      data: { a: 1 },
      from,
      meta: { t: 'x' },
    })
    link.publish('room', 'e', 2)
    expect(heard).toEqual([
      {
        channel: 'room',
        epoch: 'e',
        offset: 1,
        id: 'm',
        at: 5,
        data: { a: 1 },
        from,
        meta: { t: 'x' },
        recovered: true,
      },
      { channel: 'room', epoch: 'e', offset: 2, id: 'e-2', at: 0, data: 2, recovered: false },
    ])
  })

  test('of a channel that has no position yet are ignored', async () => {
    const world = new World()
    const heard: unknown[] = []
    world.client.channel('room').on('message', (message) => heard.push(message))
    const link = await world.connect()
    link.publish('room', 'e', 1)
    link.publish('unknown', 'e', 1)
    expect(heard).toEqual([])
  })

  test('the position moves after all listeners were called', async () => {
    const world = new World()
    const room = world.client.channel('room')
    const seen: unknown[] = []
    for (let i = 0; i < 2; i++) room.on('message', () => seen.push(room.position?.offset))
    const link = await world.connect()
    link.subscribed('room', 'e', 4)
    link.publish('room', 'e', 5, 6)
    expect(seen).toEqual([4, 4, 5, 5])
    expect(room.position).toEqual({ epoch: 'e', offset: 6 })
  })
})
