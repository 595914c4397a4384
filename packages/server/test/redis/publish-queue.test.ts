import { describe, expect, test } from 'vitest'
import type { PublishOutcome, PublishRequest, Retention } from '../../src/index.js'
import { PublishQueue, type Publish } from '../../src/redis/publish-queue.js'
import { VirtualClock } from '../../src/testing/index.js'

const KEEP: Retention = { messages: 10, ageMs: 60_000, bytes: 100_000, ttlMs: 60_000 }
const ANSWER_MS = 1

/** A queue whose calls are answered after a time. */
function setUp(delayMs = 8, { answerMs = ANSWER_MS, isPressed = false } = {}) {
  const clock = new VirtualClock()
  const begun = clock.now()
  const calls: { ids: string[]; at: number }[] = []
  const send = (publishes: readonly Publish[]): Promise<void> => {
    calls.push({ ids: publishes.map(({ request }) => request.id), at: clock.now() - begun })
    return new Promise((over) => {
      clock.setTimer(() => {
        for (const { request, resolve } of publishes) {
          resolve({ kind: 'stored', id: request.id, position: { epoch: 'e', offset: 1 } })
        }
        over()
      }, answerMs)
    })
  }
  const queue = new PublishQueue(clock, delayMs, { send, isPressed: () => isPressed })
  let n = 0
  const put = (fields: Partial<PublishRequest> = {}): Promise<PublishOutcome> =>
    new Promise((resolve, reject) => {
      n += 1
      queue.add({ request: { channel: 'c', id: `m${n}`, payload: '1', retention: KEEP, ...fields }, resolve, reject })
    })
  const pace = async (everyMs: number, count: number, fields: (i: number) => Partial<PublishRequest> = () => ({})) => {
    const askedAt: number[] = []
    for (let i = 0; i < count; i++) {
      askedAt.push(clock.now() - begun)
      void put(fields(i))
      await clock.advance(everyMs)
    }
    await clock.advance(100)
    const sentAt = calls.flatMap(({ ids, at }) => ids.map(() => at))
    return { waitedMs: sentAt.map((at, i) => at - (askedAt[i] ?? 0)) }
  }
  const sizes = () => calls.map(({ ids }) => ids.length)
  const sent = () => calls.flatMap(({ ids }) => ids)
  return { clock, calls, queue, put, pace, sizes, sent }
}

const named = (count: number) => Array.from({ length: count }, (_, i) => `m${i + 1}`)

describe('publishes of one channel', () => {
  test('leave at once and alone below four in the time', async () => {
    const { pace, sizes } = setUp()
    const { waitedMs } = await pace(3, 400)
    expect(new Set(sizes())).toEqual(new Set([1]))
    expect(new Set(waitedMs)).toEqual(new Set([0]))
  })

  test('leave together from then on, in order, and none waits for longer', async () => {
    const { pace, sizes, sent } = setUp()
    const { waitedMs } = await pace(1, 1_000)
    expect(sent()).toEqual(named(1_000))
    expect(Math.max(...waitedMs)).toBe(8)
    expect(sizes().length).toBeLessThan(250)
    expect(
      sizes()
        .slice(-20, -1)
        .every((size) => size >= 7),
    ).toBe(true)
  })

  test('leave at once again when fewer come', async () => {
    const { pace, calls } = setUp()
    await pace(1, 500)
    calls.length = 0
    const { waitedMs } = await pace(10, 100)
    expect(calls.map(({ ids }) => ids.length)).toEqual(Array.from({ length: 100 }, () => 1))
    expect(new Set(waitedMs)).toEqual(new Set([0]))
  })

  test('of a burst in one turn leave in few calls', async () => {
    const { put, clock, sizes, sent } = setUp()
    for (let i = 0; i < 1_000; i++) void put()
    await clock.advance(8)
    expect(sent()).toEqual(named(1_000))
    expect(sizes().length).toBeLessThan(60)
    expect(Math.max(...sizes())).toBe(64)
  })

  test.each([1, 3])('of %i who wait for their answers are hardly held up', async (lanes) => {
    const { put, clock } = setUp()
    let done = 0
    const lane = async (): Promise<void> => {
      for (;;) {
        await put()
        done += 1
      }
    }
    for (let i = 0; i < lanes; i++) void lane()
    await clock.advance(4_000)
    expect(done).toBeGreaterThan(lanes * (4_000 / ANSWER_MS) * 0.95)
  })

  test('never wait when the time is 0', async () => {
    const { pace, sizes } = setUp(0)
    await pace(0, 200)
    expect(new Set(sizes())).toEqual(new Set([1]))
  })
})

describe('where many calls are under way, publishes of one channel', () => {
  test('wait for the call before, and leave together when it is answered', async () => {
    const { put, clock, calls } = setUp(8, { isPressed: true, answerMs: 5 })
    for (let i = 0; i < 5; i++) {
      void put()
      await clock.advance(1)
    }
    await clock.advance(20)
    expect(calls).toEqual([
      { ids: ['m1'], at: 0 },
      { ids: ['m2', 'm3', 'm4', 'm5'], at: 5 },
    ])
  })

  test('do not wait for it longer than the time', async () => {
    const { put, clock, calls } = setUp(8, { isPressed: true, answerMs: 60_000 })
    for (let i = 0; i < 3; i++) void put()
    await clock.advance(100)
    expect(calls).toEqual([
      { ids: ['m1'], at: 0 },
      { ids: ['m2', 'm3'], at: 8 },
    ])
  })

  test('leave without it when a call would be full', async () => {
    const { put, clock, sizes } = setUp(8, { isPressed: true, answerMs: 60_000 })
    for (let i = 0; i < 65; i++) void put()
    await clock.settle()
    expect(sizes().reduce((sum, size) => sum + size)).toBe(65)
    expect(sizes().at(-1)).toBeLessThanOrEqual(64)
  })

  test('never wait when the time is 0', async () => {
    const { pace, sizes } = setUp(0, { isPressed: true, answerMs: 5 })
    await pace(0, 100)
    expect(new Set(sizes())).toEqual(new Set([1]))
  })
})

describe('publishes that cannot share a call', () => {
  test('such as one that may be repeated and one that may not leave one after the other, and do not wait for long', async () => {
    const { pace, sent, sizes } = setUp()
    const { waitedMs } = await pace(1, 600, (i) => (i % 2 ? { key: `k${i}` } : {}))
    expect(sent()).toEqual(named(600))
    expect(new Set(sizes())).toEqual(new Set([1]))
    expect(waitedMs.slice(-100).filter((ms) => ms > 0).length).toBeLessThan(10)
  })

  test('such as two with other bounds leave one after the other', async () => {
    const { pace, sent, sizes } = setUp()
    await pace(0, 200, (i) => ({ retention: { ...KEEP, messages: i } }))
    expect(sent()).toEqual(named(200))
    expect(new Set(sizes())).toEqual(new Set([1]))
  })

  test('are those whose data is too long for one', async () => {
    const { pace, calls, sent } = setUp()
    const payload = 'x'.repeat(20_000)
    await pace(0, 200, () => ({ payload }))
    expect(sent()).toEqual(named(200))
    expect(Math.max(...calls.map(({ ids }) => ids.length))).toBe(3)
  })
})

test('what waits is sent when it is asked for, once', async () => {
  const { put, clock, queue, sent } = setUp()
  for (let i = 0; i < 40; i++) void put()
  expect(queue.isEmpty).toBe(false)
  queue.flush()
  expect(queue.isEmpty).toBe(true)
  expect(sent()).toEqual(named(40))
  await clock.advance(100)
  expect(sent()).toEqual(named(40))
})
