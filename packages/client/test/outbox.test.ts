import { describe, expect, test } from 'vitest'
import type { OutboxEvent, PublishOptions } from '../src/index.js'
import { BAD_METAS, GOOD_METAS } from './support/metas.js'
import { settled } from './support/settled.js'
import { outcome, World, type FakeLink } from './support/world.js'

/** Answers the publishes from the `first` unanswered one on, each at the offset of its number. */
function store(link: FakeLink, frames = link.of('publish'), epoch = 'e'): void {
  for (const { ref, id, seq = 0 } of frames) link.say({ type: 'reply', ref, id, position: { epoch, offset: seq } })
}

function refuse(link: FakeLink, ref: number, code: string, fields: object = {}): void {
  link.say({ type: 'error', ref, code, message: code.toLowerCase(), ...fields })
}

const seqs = (link: FakeLink) => link.of('publish').map(({ seq, lowest }) => [seq, lowest])

describe('publish', () => {
  test('resolves with the position when it is stored, and knows its id before', async () => {
    const world = new World()
    const link = await world.connect()
    const publish = world.client.channel('room').publish({ text: 'hi' }, { key: 'k', meta: { traceparent: 'x' } })
    await settled()
    const frame = link.last('publish')
    expect(frame).toEqual({
      type: 'publish',
      ref: frame.ref,
      channel: 'room',
      id: publish.id,
      data: { text: 'hi' },
      seq: 1,
      lowest: 1,
      key: 'k',
      meta: { traceparent: 'x' },
    })
    link.say({ type: 'reply', ref: frame.ref, id: 'first', position: { epoch: 'e', offset: 9 } })
    expect(await publish).toEqual({ id: 'first', epoch: 'e', offset: 9 })
  })

  test('numbers each channel from 1 and names the lowest number that is not settled', async () => {
    const world = new World()
    const link = await world.connect()
    const room = world.client.channel('room')
    const publishes = [room.publish(1), room.publish(2), world.client.channel('other').publish(1)]
    await settled()
    expect(seqs(link)).toEqual([
      [1, 1],
      [2, 1],
      [1, 1],
    ])
    store(link)
    void room.publish(3)
    await settled()
    expect(link.last('publish')).toMatchObject({ seq: 3, lowest: 3, epoch: 'e' })
    await Promise.all(publishes)
  })

  test('waits for the link, and is sent in order when there is one', async () => {
    const world = new World()
    const room = world.client.channel('room')
    for (let i = 1; i <= 3; i++) void room.publish(i)
    await settled()
    expect(world.client.outbox.map(({ data, state }) => [data, state])).toEqual(
      [1, 2, 3].map((each) => [each, 'queued']),
    )
    const link = await world.connect()
    expect(link.of('publish').map(({ data }) => data)).toEqual([1, 2, 3])
    expect(world.client.outbox.map(({ state }) => state)).toEqual(['sent', 'sent', 'sent'])
  })

  test('keeps to the smaller of 64 and the limit of the server in flight, for each channel', async () => {
    for (const [inFlight, window] of [
      [3, 3],
      [1_000, 64],
    ] as const) {
      const world = new World()
      const link = await world.connect({ limits: { messageBytes: 65_536, channels: 128, inFlight } })
      for (let i = 0; i < 70; i++) void world.client.channel('room').publish(i)
      void world.client.channel('other').publish(0)
      await settled()
      expect(link.of('publish').filter(({ channel }) => channel === 'room')).toHaveLength(window)
      expect(link.of('publish').filter(({ channel }) => channel === 'other')).toHaveLength(1)
      store(link, link.of('publish').slice(0, 2))
      expect(link.of('publish').filter(({ channel }) => channel === 'room')).toHaveLength(window + 2)
    }
  })

  test('sends what it was given, also when the page changes the object afterwards', async () => {
    const world = new World()
    const data = { text: 'then' }
    void world.client.channel('room').publish(data)
    data.text = 'now'
    const link = await world.connect()
    expect(link.last('publish').data).toEqual({ text: 'then' })
  })
})

describe('after a reconnect', () => {
  test('all that is unacknowledged is sent again, in order, with the same numbers and ids', async () => {
    const world = new World()
    const first = await world.connect()
    const room = world.client.channel('room')
    const publishes = [1, 2, 3].map((each) => room.publish(each))
    await settled()
    store(first, first.of('publish').slice(0, 1))
    const second = await world.reconnect()
    expect(seqs(second)).toEqual([
      [2, 2],
      [3, 2],
    ])
    expect(second.of('publish').map(({ id }) => id)).toEqual(publishes.slice(1).map(({ id }) => id))
    store(first)
    expect(world.client.outbox).toHaveLength(2)
    store(second)
    expect((await Promise.all(publishes)).map(({ offset }) => offset)).toEqual([1, 2, 3])
  })
})

describe('OUT_OF_ORDER', () => {
  test('is healed by sending again from the expected number, unseen by the caller', async () => {
    const world = new World()
    const link = await world.connect()
    const room = world.client.channel('room')
    const publishes = [1, 2, 3].map((each) => room.publish(each))
    await settled()
    const [one, two, three] = link.of('publish')
    refuse(link, one?.ref ?? 0, 'FORBIDDEN')
    refuse(link, two?.ref ?? 0, 'OUT_OF_ORDER', { expected: 1, retryable: true })
    refuse(link, three?.ref ?? 0, 'OUT_OF_ORDER', { expected: 1, retryable: true })
    expect(seqs(link).slice(3)).toEqual([
      [2, 2],
      [3, 2],
    ])
    store(link, link.of('publish').slice(3))
    expect(await outcome(publishes[0] as Promise<unknown>)).toBe('FORBIDDEN')
    expect(await publishes[1]).toMatchObject({ offset: 2 })
    expect(await publishes[2]).toMatchObject({ offset: 3 })
  })

  test('again and again waits for a back-off', async () => {
    const world = new World()
    const link = await world.connect()
    void world.client.channel('room').publish(1)
    await settled()
    for (let i = 0; i < 3; i++) refuse(link, link.last('publish').ref, 'OUT_OF_ORDER', { expected: 1 })
    expect(link.of('publish')).toHaveLength(2)
    await world.clock.advance(600)
    expect(link.of('publish')).toHaveLength(3)
  })

  test('with a higher number expected means that the outcome is unknown', async () => {
    const world = new World()
    const link = await world.connect()
    const publish = world.client.channel('room').publish(1)
    await settled()
    refuse(link, link.last('publish').ref, 'OUT_OF_ORDER', { expected: 80, retryable: true })
    expect(await outcome(publish)).toBe('UNKNOWN_OUTCOME')
  })
})

describe('an error', () => {
  test('that is final fails the publish with its code and text, and uses its number up', async () => {
    const world = new World()
    const link = await world.connect()
    const publish = world.client.channel('room').publish(1)
    await settled()
    refuse(link, link.last('publish').ref, 'REFUSED', { message: 'be nice' })
    await expect(publish).rejects.toMatchObject({ code: 'REFUSED', message: 'be nice', retryable: false })
    void world.client.channel('room').publish(2)
    await settled()
    expect(link.last('publish')).toMatchObject({ seq: 2, lowest: 2 })
  })

  test.each(['UNAVAILABLE', 'RATE_LIMITED', 'SUPERSEDED', 'INTERNAL'])(
    '%s is waited out, and order is kept',
    async (code) => {
      const world = new World()
      const link = await world.connect()
      const room = world.client.channel('room')
      void room.publish(1)
      void room.publish(2)
      await settled()
      refuse(link, link.of('publish')[0]?.ref ?? 0, code, { retryAfterMs: 4_000 })
      refuse(link, link.of('publish')[1]?.ref ?? 0, 'OUT_OF_ORDER', { expected: 1 })
      void room.publish(3)
      void world.client.channel('other').publish(1)
      await world.clock.advance(4_249)
      expect(link.of('publish').filter(({ channel }) => channel === 'room')).toHaveLength(2)
      expect(link.last('publish').channel).toBe('other')
      await world.clock.advance(1)
      expect(
        link
          .of('publish')
          .slice(3)
          .map(({ data }) => data),
      ).toEqual([1, 2, 3])
    },
  )

  test('of a copy that was sent again leaves open what became of the first: a rule may have learned something', async () => {
    const world = new World()
    const first = await world.connect()
    const room = world.client.channel('room')
    const [lost, next] = [room.publish(1), room.publish(2)]
    await settled()
    expect(first.of('publish')).toHaveLength(2)
    const second = await world.reconnect()
    const [copy] = second.of('publish')
    refuse(second, copy?.ref ?? 0, 'FORBIDDEN', { retryable: false })
    expect(await outcome(lost)).toBe('UNKNOWN_OUTCOME')
    store(second, second.of('publish').slice(1))
    expect((await next).offset).toBe(2)
    const once = room.publish(3)
    await settled()
    refuse(second, second.last('publish').ref, 'FORBIDDEN', { retryable: false })
    expect(await outcome(once)).toBe('FORBIDDEN')
  })

  test('after an answer that the store could not be reached leaves it open as well', async () => {
    const world = new World()
    const link = await world.connect()
    const publish = world.client.channel('room').publish(1)
    await settled()
    link.say({ type: 'error', ref: link.last('publish').ref, code: 'UNAVAILABLE', message: 'away', retryable: true })
    await world.clock.advance(1_000)
    expect(link.of('publish')).toHaveLength(2)
    refuse(link, link.last('publish').ref, 'REFUSED', { retryable: false })
    expect(await outcome(publish)).toBe('UNKNOWN_OUTCOME')
  })

  test('with a code nobody knows is final', async () => {
    const world = new World()
    const link = await world.connect()
    const publish = world.client.channel('room').publish(1)
    await settled()
    refuse(link, link.last('publish').ref, 'BRAND_NEW')
    expect(await outcome(publish)).toBe('BRAND_NEW')
  })
})

describe('the bounds', () => {
  test('of count and bytes reject at once', async () => {
    const world = new World({ outbox: { messages: 2, bytes: 100 } })
    const room = world.client.channel('room')
    const long = room.publish('x'.repeat(100))
    const waits = [room.publish(1), room.publish(2), room.publish(3)]
    expect(await outcome(long)).toBe('OUTBOX_FULL')
    expect(await Promise.all(waits.map(outcome))).toEqual(['pending', 'pending', 'OUTBOX_FULL'])
    await expect(waits[2]).rejects.toMatchObject({ retryable: true })
  })

  test('of age fail what was never sent with EXPIRED, and what was sent with UNKNOWN_OUTCOME', async () => {
    const world = new World()
    const link = await world.connect()
    const room = world.client.channel('room')
    const sent = room.publish(1)
    await settled()
    world.network.tell('offline')
    const queued = room.publish(2)
    for (let i = 0; i < 3; i++) {
      await world.clock.advance(19_999)
      link.say({ type: 'ping' })
    }
    expect([await outcome(sent), await outcome(queued)]).toEqual(['pending', 'pending'])
    await world.clock.advance(3)
    expect([await outcome(sent), await outcome(queued)]).toEqual(['UNKNOWN_OUTCOME', 'EXPIRED'])
    expect(world.client.outbox).toEqual([])
  })

  test('0 means 0', async () => {
    const world = new World({ outbox: { messages: 0 } })
    expect(await outcome(world.client.channel('room').publish(1))).toBe('OUTBOX_FULL')
  })

  test('of a frame fail locally as TOO_LARGE once the server told them, and the link lives', async () => {
    const world = new World()
    const room = world.client.channel('room')
    const early = room.publish('x'.repeat(5_000))
    const link = await world.connect({ limits: { messageBytes: 4_096, channels: 128, inFlight: 64 } })
    const late = room.publish('x'.repeat(4_000))
    const fine = room.publish('ü'.repeat(1_800))
    await settled()
    expect([await outcome(early), await outcome(late), await outcome(fine)]).toEqual([
      'TOO_LARGE',
      'TOO_LARGE',
      'pending',
    ])
    expect(new TextEncoder().encode(JSON.stringify(link.last('publish'))).length).toBeLessThanOrEqual(4_096)
  })

  test.each<[string, unknown, object]>([
    ['no data', undefined, {}],
    ['a function', () => {}, {}],
    ['a bigint', 1n, {}],
    ['an empty key', 1, { key: '' }],
    ['a key that is a number', 1, { key: 5 }],
    ['a key that is null', 1, { key: null }],
    ['a key of 65 bytes', 1, { key: 'x'.repeat(65) }],
    ['a meta of more than 1 KiB', 1, { meta: { x: 'x'.repeat(1_024) } }],
    ...BAD_METAS.map((meta) => [`the meta ${JSON.stringify(meta)}`, 1, { meta }] as [string, unknown, object]),
  ])('of the protocol refuse %s before it is sent', async (_, data, options) => {
    const world = new World()
    const link = await world.connect()
    expect(await outcome(world.client.channel('room').publish(data, options as PublishOptions))).toBe('INVALID_DATA')
    expect(link.of('publish')).toEqual([])
  })

  test.each(GOOD_METAS)('of the protocol let %j through as meta', async (meta) => {
    const world = new World()
    const link = await world.connect()
    world.client
      .channel('room')
      .publish(1, { meta })
      .catch(() => {})
    await settled()
    expect(link.last('publish').meta).toEqual(meta)
  })
})

describe('giving up', () => {
  test('a queued publish is never sent, and its number is skipped', async () => {
    const world = new World()
    const room = world.client.channel('room')
    const controller = new AbortController()
    const publish = room.publish(1, { signal: controller.signal })
    void room.publish(2)
    await settled()
    controller.abort()
    expect(await outcome(publish)).toBe('ABORTED')
    const link = await world.connect()
    expect(seqs(link)).toEqual([[2, 2]])
  })

  test('before it began sends nothing', async () => {
    const world = new World()
    const link = await world.connect()
    expect(await outcome(world.client.channel('room').publish(1, { signal: AbortSignal.abort() }))).toBe('ABORTED')
    expect(link.of('publish')).toEqual([])
  })
})

test('the outbox event tells each step of each publish', async () => {
  const world = new World()
  const steps: unknown[] = []
  world.client.on('outbox', ({ data, state, error }: OutboxEvent) => steps.push([data, state, error?.code]))
  const room = world.client.channel('room')
  const failed = room.publish('bad')
  void room.publish('good')
  await settled()
  const link = await world.connect()
  refuse(link, link.of('publish')[0]?.ref ?? 0, 'FORBIDDEN')
  store(link, link.of('publish').slice(1))
  expect(await outcome(failed)).toBe('FORBIDDEN')
  expect(steps).toEqual([
    ['bad', 'queued', undefined],
    ['good', 'queued', undefined],
    ['bad', 'sent', undefined],
    ['good', 'sent', undefined],
    ['bad', 'failed', 'FORBIDDEN'],
    ['good', 'stored', undefined],
  ])
})

describe('acknowledged publishes that the log lost', () => {
  /** Stores 1, 2, 3 at offsets 1, 2, 3 of e1, and keeps what is told as rolled back. */
  async function stored() {
    const world = new World()
    const room = world.client.channel('room')
    const told: string[][] = []
    room.on('rollback', ({ ids }) => told.push([...ids]))
    const link = await world.connect()
    const ids = [1, 2, 3].map((each) => room.publish(each).id)
    await settled()
    store(link, link.of('publish'), 'e1')
    return { world, room, link, ids, told }
  }
  const rebase = { from: 'e1', end: 1, to: 'e2' }

  test('are told when connected says so, and the client asks with the latest position', async () => {
    const { world, ids, told } = await stored()
    const next = await world.reconnect({ rebases: [{ channel: 'room', ...rebase }] })
    expect(next.last('connect').acknowledged).toEqual([{ channel: 'room', epoch: 'e1', offset: 3 }])
    expect(told).toEqual([ids.slice(1)])
    const third = await world.reconnect()
    expect(third.last('connect').acknowledged).toEqual([{ channel: 'room', epoch: 'e2', offset: 1 }])
  })

  test('are told when a reply says so; the new one is not among them', async () => {
    const { room, link, ids, told } = await stored()
    void room.publish(4)
    await settled()
    const { ref, epoch, id } = link.last('publish')
    expect(epoch).toBe('e1')
    link.say({ type: 'reply', ref, id, position: { epoch: 'e2', offset: 2 }, rebase })
    expect(told).toEqual([ids.slice(1)])
  })

  test.each(['subscribed', 'gap', 'rebase'] as const)('are told when a %s frame says so, once', async (type) => {
    const { world, room, link, ids, told } = await stored()
    room.on('message', () => {})
    link.subscribed('room', 'e1', 1)
    const position = { epoch: 'e2', offset: 1 }
    for (let i = 0; i < 2; i++) {
      if (type === 'subscribed') (await world.reconnect()).subscribed('room', 'e2', 1, { rebase })
      if (type === 'gap') link.say({ type, channel: 'room', reason: 'rollback', from: 2, to: 3, position, rebase })
      if (type === 'rebase') link.say({ type, channel: 'room', ...rebase })
    }
    expect(told).toEqual([ids.slice(1)])
  })

  test('are all of an epoch that is gone', async () => {
    const { room, link, ids, told } = await stored()
    room.on('message', () => {})
    link.subscribed('room', 'e1', 3)
    link.say({
      type: 'gap',
      channel: 'room',
      reason: 'epoch',
      from: 3,
      to: 1,
      position: { epoch: 'f', offset: 0 },
      rebase: { from: 'e1', end: 0, to: 'f' },
    })
    expect(told).toEqual([ids])
  })

  test('are told by the client when nobody listens on the channel', async () => {
    const world = new World()
    const told: unknown[] = []
    world.client.on('rollback', (event) => told.push(event))
    const link = await world.connect()
    const { id } = world.client.channel('room').publish(1)
    await settled()
    store(link, link.of('publish'), 'e1')
    await world.reconnect({ rebases: [{ channel: 'room', from: 'e1', end: 0, to: '' }] })
    expect(told).toEqual([{ channel: 'room', ids: [id] }])
  })

  test('are remembered 100 for each channel, and for 5 minutes', async () => {
    const world = new World()
    const room = world.client.channel('room')
    const told: number[] = []
    room.on('rollback', ({ ids }) => told.push(ids.length))
    const link = await world.connect()
    for (let i = 0; i < 150; i++) {
      void room.publish(i)
      await settled()
      store(link, link.of('publish').slice(-1), 'e1')
    }
    link.say({ type: 'rebase', channel: 'room', from: 'e1', end: 0, to: 'e2' })
    expect(told).toEqual([100])
    for (let i = 0; i < 2; i++) {
      void room.publish(i)
      await settled()
      store(link, link.of('publish').slice(-1), 'e2')
      for (let ms = 0; ms < 300_001; ms += 20_000) {
        await world.clock.advance(20_000)
        link.say({ type: 'ping' })
      }
    }
    link.say({ type: 'rebase', channel: 'room', from: 'e2', end: 0, to: 'e3' })
    expect(told).toEqual([100, 1])
  })
})

test('events and entries of the outbox carry the key that was given', async () => {
  const world = new World()
  const keys: unknown[] = []
  world.client.on('outbox', ({ key }) => keys.push(key))
  world.client
    .channel('room')
    .publish(1, { key: 'order-7' })
    .catch(() => {})
  void world.client.channel('room').publish(2)
  expect(keys).toEqual(['order-7', undefined])
  expect(world.client.outbox.map(({ key }) => key)).toEqual(['order-7', undefined])
})
