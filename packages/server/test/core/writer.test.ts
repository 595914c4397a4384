import { array, assert, asyncProperty, integer, nat, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SendQueue } from '../../src/core/send-queue.js'
import { Writer } from '../../src/core/writer.js'
import type { EncodedFrame, Transport } from '../../src/index.js'
import { PRODUCER } from '../support/memory-link.js'
import { VirtualClock } from '../../src/testing/index.js'
import { world } from '../support/world.js'

const frame = (text: string): EncodedFrame => ({ text, bytes: Buffer.byteLength(text) })

class Queue extends SendQueue {
  readonly congested = false

  drained(): void {}

  override push(frame: EncodedFrame, canWait?: boolean): void {
    super.push(frame, canWait)
  }

  override discard(): void {
    super.discard()
  }
}

class Sink implements Transport {
  readonly written: string[][] = []
  bufferedBytes = 0
  readonly receivedBytes = 0
  readonly peer = ''

  write(frames: readonly EncodedFrame[]): void {
    this.written.push(frames.map(({ text }) => text))
  }

  close(): void {}
  ping(): void {}
  terminate(): void {}
}

describe('the writer', () => {
  test('writes once to each link in a turn, whatever number of frames it has, in their order', async () => {
    const pushes = array(tuple(nat(4), integer({ min: 0, max: 99 })), { maxLength: 60 })
    await assert(
      asyncProperty(pushes, async (plan) => {
        const clock = new VirtualClock()
        const writer = new Writer(clock, 4)
        const sinks = Array.from({ length: 5 }, () => new Sink())
        const queues = sinks.map((sink) => new Queue(sink, writer))
        for (const [link, n] of plan) queues[link]?.push(frame(String(n)))
        expect(sinks.flatMap(({ written }) => written)).toEqual([])
        await clock.settle()
        for (const [link, { written }] of sinks.entries()) {
          const texts = plan.filter(([to]) => to === link).map(([, n]) => String(n))
          expect(written).toEqual(texts.length > 0 ? [texts] : [])
          expect(queues[link]?.queuedBytes).toBe(0)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('hands links with the same frames the same list, and others their own', async () => {
    const clock = new VirtualClock()
    const writer = new Writer(clock, 4)
    const lists: Array<readonly EncodedFrame[]> = []
    const sink = (): Sink =>
      Object.assign(new Sink(), { write: (frames: readonly EncodedFrame[]) => void lists.push(frames) })
    const [a, b] = [frame('a'), frame('b')]
    for (const frames of [[a, b], [a, b], [b, a], [a]]) {
      const queue = new Queue(sink(), writer)
      for (const each of frames) queue.push(each)
    }
    await clock.settle()
    expect(lists).toEqual([[a, b], [a, b], [b, a], [a]])
    expect(lists[1]).toBe(lists[0])
  })

  test('asks for the end of the turn once, however many links wait for it', () => {
    const clock = new VirtualClock()
    let asked = 0
    const writer = new Writer(Object.assign(clock, { soon: () => void (asked += 1) }), 4)
    for (let i = 0; i < 5; i++) new Queue(new Sink(), writer).push(frame('a'))
    expect(asked).toBe(1)
  })

  test('counts what waits in UTF-8, in the queue and in the transport', async () => {
    const clock = new VirtualClock()
    const sink = new Sink()
    const queue = new Queue(sink, new Writer(clock, 4))
    queue.push(frame('é'))
    queue.push(frame('abc'))
    expect(queue.queuedBytes).toBe(5)
    sink.bufferedBytes = 100
    await clock.settle()
    expect(queue.queuedBytes).toBe(100)
    queue.push(frame('é'))
    expect(queue.queuedBytes).toBe(102)
    sink.bufferedBytes = 0
    expect(queue.queuedBytes).toBe(2)
  })

  test('a queue that was flushed early is not written again, one that was discarded never', async () => {
    const clock = new VirtualClock()
    const writer = new Writer(clock, 4)
    const [early, gone] = [new Sink(), new Sink()]
    const [first, second] = [new Queue(early, writer), new Queue(gone, writer)]
    first.push(frame('a'))
    first.flush()
    first.push(frame('b'))
    second.push(frame('c'))
    second.discard()
    await clock.settle()
    expect(early.written).toEqual([['a'], ['b']])
    expect([gone.written, second.queuedBytes]).toEqual([[], 0])
  })

  test('what is pushed while a turn is flushed goes out with the next', async () => {
    const clock = new VirtualClock()
    const writer = new Writer(clock, 4)
    const sink = new Sink()
    const queue = new Queue(sink, writer)
    const echo = new Sink()
    echo.write = () => queue.push(frame('late'))
    const other = new Queue(echo, writer)
    other.push(frame('x'))
    await clock.settle()
    expect(sink.written).toEqual([['late']])
  })
})

describe('what can wait', () => {
  const DELAY_MS = 4
  const setUp = () => {
    const clock = new VirtualClock()
    const sink = new Sink()
    return { clock, sink, queue: new Queue(sink, new Writer(clock, DELAY_MS)) }
  }

  test('is written with what follows it, at the latest when the delay is over', async () => {
    const { clock, sink, queue } = setUp()
    queue.push(frame('a'), true)
    await clock.advance(DELAY_MS - 1)
    queue.push(frame('b'), true)
    expect(sink.written).toEqual([])
    await clock.advance(1)
    expect(sink.written).toEqual([['a', 'b']])
    await clock.advance(100)
    expect(sink.written).toHaveLength(1)
  })

  test('goes out before what cannot, in the same write at the end of that turn', async () => {
    const { clock, sink, queue } = setUp()
    queue.push(frame('a'), true)
    await clock.advance(1)
    queue.push(frame('answer'))
    queue.push(frame('b'), true)
    await clock.settle()
    expect(sink.written).toEqual([['a', 'answer', 'b']])
    await clock.advance(100)
    expect(sink.written).toHaveLength(1)
  })

  test('does not wait once a write of its own is worth it', async () => {
    const { clock, sink, queue } = setUp()
    const large = frame('x'.repeat(6_000))
    for (let i = 0; i < 2; i++) queue.push(large, true)
    await clock.settle()
    expect(sink.written).toEqual([])
    queue.push(large, true)
    await clock.settle()
    expect(sink.written).toHaveLength(1)
  })

  test('is one list for all links that wait for the same, whatever others wait for besides', async () => {
    const clock = new VirtualClock()
    const writer = new Writer(clock, DELAY_MS)
    const lists: Array<readonly EncodedFrame[]> = []
    const [a, b, answer] = [frame('a'), frame('b'), frame('answer')]
    const queues = [1, 2, 3].map(
      () =>
        new Queue(Object.assign(new Sink(), { write: (all: readonly EncodedFrame[]) => void lists.push(all) }), writer),
    )
    for (const queue of queues) queue.push(a, true)
    await clock.advance(1)
    queues[1]?.push(answer)
    await clock.settle()
    for (const queue of queues) queue.push(b, true)
    await clock.advance(DELAY_MS)
    // The one that was written early falls in with the others again.
    expect(lists).toEqual([[a, answer], [a, b], [b], [a, b]])
    expect(lists[3]).toBe(lists[1])
    lists.length = 0
    for (const queue of queues) queue.push(a, true)
    await clock.advance(DELAY_MS)
    expect(lists).toEqual([[a], [a], [a]])
    expect(new Set(lists).size).toBe(1)
  })

  test('keeps its order among random others, and nothing is left or written twice', async () => {
    const pushes = array(tuple(nat(2), integer({ min: 0, max: 2 }), nat(2)), { maxLength: 60 })
    await assert(
      asyncProperty(pushes, async (plan) => {
        const clock = new VirtualClock()
        const writer = new Writer(clock, DELAY_MS)
        const sinks = [new Sink(), new Sink(), new Sink()]
        const queues = sinks.map((sink) => new Queue(sink, writer))
        for (const [n, [link, kind, pauseMs]] of plan.entries()) {
          if (kind === 2) queues[link]?.flush()
          else queues[link]?.push(frame(String(n)), kind === 1)
          await clock.advance(pauseMs)
        }
        await clock.advance(DELAY_MS)
        for (const [link, { written }] of sinks.entries()) {
          const texts = [...plan.entries()].filter(([, [to, kind]]) => to === link && kind < 2).map(([n]) => String(n))
          expect(written.flat()).toEqual(texts)
        }
      }),
      { numRuns: 100 },
    )
  })
})

const LIMITS = { sendQueueSoftBytes: 2_000, sendQueueHardBytes: 10_000 }

describe('a link', () => {
  test('gets all frames of a turn in one write', async () => {
    const { connected, server, clock } = world()
    const client = await connected()
    await client.subscribe({ channel: 'c', generation: 1 })
    client.writes.length = 0
    await Promise.all(Array.from({ length: 10 }, (_, i) => server.publish('c', i)))
    clock.endTurn()
    expect(client.writes).toEqual([10])
  })

  test('gets nothing after closing, whatever is said in the same turn', async () => {
    const { connected, server, clock } = world()
    const client = await connected()
    await client.subscribe({ channel: 'c', generation: 1 })
    const published = server.publish('c', 1)
    await published
    client.tell({ type: 'publish', ref: 1, channel: 'c', id: 'm', data: 2 })
    client.tellText('{')
    client.tell({ type: 'publish', ref: 2, channel: 'c', id: 'n', data: 3 })
    await server.publish('c', 4)
    await clock.settle()
    // What was said before the fault goes out, then `closing`, and nothing else.
    expect(client.heard.map(({ type }) => type).slice(-1)).toEqual(['closing'])
    expect(client.all('closing')).toHaveLength(1)
    expect(client.offsets()[0]).toBe(1)
    expect(client.offsets()).not.toContain(4)
  })

  test('above the soft limit gets no publications; reading again it gets them all, in order, and falls in with the others', async () => {
    const { connected, server, clock } = world({ limits: LIMITS, writeDelayMs: 0 })
    const [slow, quick] = [await connected(), await connected()]
    for (const client of [slow, quick]) await client.subscribe({ channel: 'c', generation: 1 })
    slow.stall()
    for (let i = 1; i <= 200; i++) {
      await server.publish('c', 'x'.repeat(80))
      await clock.settle()
    }
    expect(quick.offsets()).toHaveLength(200)
    expect(slow.bufferedBytes).toBeLessThan(LIMITS.sendQueueSoftBytes + 500)
    for (let i = 0; i < 60 && slow.offsets().length < 200; i++) await slow.resume()
    expect(slow.offsets()).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
    expect([slow.all('gap'), slow.end]).toEqual([[], undefined])
    await server.publish('c', 'live again')
    await clock.settle()
    expect(slow.offsets()).toHaveLength(201)
  })

  test('that gets more in one turn than the soft limit, and reads it at once, misses nothing and needs no drain', async () => {
    const { connected, server, clock } = world({ limits: LIMITS, writeDelayMs: 0 })
    const client = await connected()
    await client.subscribe({ channel: 'c', generation: 1 })
    await Promise.all(Array.from({ length: 200 }, () => server.publish('c', 'x'.repeat(80))))
    await clock.settle()
    expect(client.bufferedBytes).toBe(0)
    expect(client.offsets()).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
    await server.publish('c', 'live again')
    await clock.settle()
    expect(client.offsets()).toHaveLength(201)
  })

  test('is told `slow` of what the log dropped while it did not read', async () => {
    const { connected, server, clock } = world({ limits: { ...LIMITS, logMessages: 20 } })
    server.channel('{name}', { subscribe: true })
    const client = await connected()
    await client.subscribe({ channel: 'c', generation: 1 })
    client.stall()
    for (let i = 1; i <= 400; i++) await server.publish('c', 'x'.repeat(80))
    await clock.settle()
    for (let i = 0; i < 60; i++) await client.resume()
    const [gap] = client.all('gap')
    expect(gap).toMatchObject({ reason: 'slow', to: 380 })
    const before = client.offsets().filter((offset) => offset < 381)
    expect(gap?.from).toBe((before.at(-1) ?? 0) + 1)
    expect(client.offsets()).toEqual([...before, ...Array.from({ length: 20 }, (_, i) => 381 + i)])
  })

  test('whose peer takes nothing is closed with 4003 once what it must not miss exceeds the hard limit', async () => {
    const { connected, server } = world({ limits: LIMITS })
    const client = await connected()
    client.stall()
    let ref = 0
    while (!client.end && ref < 1_000) {
      ref += 1
      await client.say({ type: 'history', ref, channel: 'c', limit: 1 })
    }
    expect(client.end?.code).toBe(4003)
    expect(client.bufferedBytes).toBeGreaterThan(LIMITS.sendQueueHardBytes - 500)
    expect(client.bufferedBytes).toBeLessThan(LIMITS.sendQueueHardBytes + 500)
    expect(server.connections).toBe(0)
    await client.resume()
    expect(client.heard.at(-1)).toMatchObject({ type: 'closing', code: 4003 })
  })

  test('is never closed for publications, however many there are', async () => {
    const { connected, server, clock } = world({ limits: LIMITS })
    const client = await connected()
    for (let i = 0; i < 20; i++) await client.subscribe({ channel: `c${i}`, generation: 1 })
    client.stall()
    for (let i = 0; i < 1_000; i++) await server.publish(`c${i % 20}`, 'x'.repeat(80))
    await clock.settle()
    expect(client.end).toBeUndefined()
    for (let i = 0; i < 200 && client.offsets().length < 1_000; i++) await client.resume()
    expect(client.offsets()).toHaveLength(1_000)
  })

  test('that was cut gets nothing more, and its subscriptions are over', async () => {
    const { connected, server, clock } = world()
    const client = await connected()
    await client.subscribe({ channel: 'c', generation: 1 })
    await client.cut()
    const heard = client.heard.length
    await server.publish('c', 1)
    await client.say({ type: 'connect', producer: PRODUCER })
    await clock.advance(60_000)
    expect(client.heard).toHaveLength(heard)
  })
})
