import type { Position } from '@org/realtime-protocol'
import type {
  Broker,
  HistoryPage,
  ProducerNumber,
  PublishOutcome,
  PublishRequest,
  Recovery,
  Retention,
  StoredPublication,
} from '../../ports/index.js'
import type { TestFramework } from './framework.js'

/** A publication that a node was handed. */
export interface Delivery {
  /** The channel. */
  readonly channel: string
  /** Its epoch. */
  readonly epoch: string
  /** What it was handed. */
  readonly publication: StoredPublication
}

/** One node on the broker, with what it was told. */
export interface BrokerNode {
  /** Its end of the broker. */
  readonly broker: Broker
  /** What it was handed, in order. */
  readonly deliveries: readonly Delivery[]
  /** How often it was told to verify its positions. */
  readonly resyncs: () => number
}

/** What the suite needs of an implementation: made fresh for every test. */
export interface BrokerFixture {
  /** Joins a node. */
  join(): Promise<BrokerNode>
  /** Lets this much time pass for the broker, in milliseconds. Real time may do: the suite asks for little. */
  advance(ms: number): Promise<void>
  /** From now on nothing is replicated: what is published is lost in the next lossy failover. */
  cutReplication(): Promise<void>
  /** Has another replication history take over, with or without what came after the cut. */
  failOver(options: { readonly lossy: boolean }): Promise<void>
  /** Waits until a condition holds, or fails in a time that suits the implementation. */
  eventually(condition: () => boolean): Promise<void>
  /** Waits until whatever was on its way to the nodes has arrived. */
  quiet(): Promise<void>
  /** Lets go of everything. */
  dispose(): Promise<void>
}

const KEEP: Retention = { messages: 1_000, ageMs: 300_000, bytes: 1_048_576, ttlMs: 3_600_000 }
/** Time units that can pass for real. */
const SHORT_MS = 400

type Stored = Extract<PublishOutcome, { kind: 'stored' }>

/**
 * The law of the {@link Broker} port as tests: whoever implements it runs this. PROTOCOL.md §3.4, §5.
 *
 * @param framework `{ describe, expect, test }` of vitest or jest.
 * @param name What is tested, for the title.
 * @param createFixture Makes a broker nobody has used yet.
 */
export function brokerContract(
  { describe, expect, test }: TestFramework,
  name: string,
  createFixture: () => Promise<BrokerFixture> | BrokerFixture,
): void {
  /** A test with a fixture of its own and one node. */
  function law(title: string, body: (fixture: BrokerFixture, tools: Tools) => Promise<void>): void {
    test(title, async () => {
      const fixture = await createFixture()
      try {
        await body(fixture, tools(await fixture.join()))
      } finally {
        await fixture.dispose()
      }
    })
  }

  describe(`the broker ${name}`, () => {
    describe('publishes', () => {
      law('gives a message the next offset of one epoch, from 1', async (_, { put }) => {
        const outcomes = [await put('a'), await put('b'), await put('c')]
        expect(outcomes.map(({ position }) => position.offset)).toEqual([1, 2, 3])
        expect(new Set(outcomes.map(({ position }) => position.epoch)).size).toBe(1)
        expect(/^.{1,64}$/.test(outcomes[0]?.position.epoch ?? '')).toBe(true)
        expect(outcomes.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
      })

      law('keeps the offsets and epochs of channels apart', async (_, { put }) => {
        const first = await put('a')
        const other = await put('b', { channel: 'other' })
        expect(other.position.offset).toBe(1)
        expect(other.position.epoch).not.toBe(first.position.epoch)
      })

      law('makes a message readable before it says that it is stored', async (_, { put, recover, history }) => {
        for (let i = 1; i <= 20; i++) {
          const { position } = await put(`m${i}`)
          const [recovery, page] = await Promise.all([recover({ ...position, offset: i - 1 }), history({ limit: 1 })])
          expect(recovery.publications.map(({ offset }) => offset)).toEqual([i])
          expect(recovery.head).toEqual(position)
          expect(page?.publications.map(({ id }) => id)).toEqual([`m${i}`])
        }
      })

      law('keeps everything a message came with', async (fixture, { node, put, recover }) => {
        await node.broker.subscribe('c')
        const given = {
          payload: '{"text":"grüße 😀  \\u0000"}',
          from: { user: 'ada', session: 's1' },
          meta: { traceparent: '00-1' },
        }
        const { position } = await put('a', given)
        await put('b', { from: { user: null, session: 's2' } })
        const { publications } = await recover('start')
        expect(publications[0]).toMatchObject({ offset: 1, id: 'a', ...given })
        expect(publications[1]?.from).toEqual({ user: null, session: 's2' })
        expect(publications[1]?.meta).toBeUndefined()
        await fixture.eventually(() => node.deliveries.length === 2)
        expect(node.deliveries[0]).toEqual({ channel: 'c', epoch: position.epoch, publication: publications[0] })
        expect(publications[1]?.at).toBeGreaterThanOrEqual(publications[0]?.at ?? Infinity)
      })

      law('stores messages that come at once each at an offset of its own', async (fixture, { put, recover }) => {
        const second = tools(await fixture.join())
        const outcomes = await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 ? put : second.put)(`m${i}`)))
        const offsets = outcomes.map(({ position }) => position.offset)
        expect([...offsets].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
        const { publications } = await recover('start')
        for (const [i, { position }] of outcomes.entries()) {
          expect(publications[position.offset - 1]?.id).toBe(`m${i}`)
        }
      })
    })

    describe('delivers', () => {
      law('nothing before a node has subscribed, everything after, in order', async (fixture, { node, put }) => {
        await put('early')
        await node.broker.subscribe('c')
        for (let i = 0; i < 30; i++) await put(`m${i}`)
        await put('elsewhere', { channel: 'other' })
        await fixture.eventually(() => node.deliveries.length >= 30)
        await fixture.quiet()
        expect(node.deliveries.map(({ publication }) => publication.offset)).toEqual(
          Array.from({ length: 30 }, (_, i) => i + 2),
        )
        expect(new Set(node.deliveries.map(({ channel }) => channel))).toEqual(new Set(['c']))
      })

      law('to every node that has subscribed, the publishing one too', async (fixture, { node, put }) => {
        const other = await fixture.join()
        const third = await fixture.join()
        await Promise.all([node.broker.subscribe('c'), other.broker.subscribe('c'), third.broker.subscribe('other')])
        await put('a')
        await put('b')
        await fixture.eventually(() => node.deliveries.length === 2 && other.deliveries.length === 2)
        await fixture.quiet()
        expect(other.deliveries).toEqual(node.deliveries)
        expect(third.deliveries).toEqual([])
      })

      law(
        'nothing more some time after a node has unsubscribed, and again when it subscribes',
        async (fixture, { node, put }) => {
          await node.broker.subscribe('c')
          await node.broker.unsubscribe('c')
          await fixture.quiet()
          await put('a')
          await fixture.quiet()
          expect(node.deliveries).toEqual([])
          await node.broker.subscribe('c')
          await put('b')
          await fixture.eventually(() => node.deliveries.length === 1)
          expect(node.deliveries[0]?.publication.id).toBe('b')
        },
      )

      law('once, to a node that subscribes twice', async (fixture, { node, put }) => {
        await node.broker.subscribe('c')
        await node.broker.subscribe('c')
        await put('a')
        await fixture.eventually(() => node.deliveries.length > 0)
        await fixture.quiet()
        expect(node.deliveries).toHaveLength(1)
      })

      law('joins a subscription and a reading without a hole', async (fixture, { node, put, recover }) => {
        const writer = tools(await fixture.join())
        const writes = Array.from({ length: 60 }, (_, i) => writer.put(`m${i}`))
        await node.broker.subscribe('c')
        const { head } = await recover(undefined)
        await Promise.all(writes)
        await put('last')
        await fixture.eventually(() => node.deliveries.at(-1)?.publication.id === 'last')
        const after = node.deliveries.map(({ publication }) => publication.offset).filter((n) => n > head.offset)
        expect(after).toEqual(Array.from({ length: 61 - head.offset }, (_, i) => head.offset + 1 + i))
      })
    })

    describe('relays', () => {
      const cursor = (id: string): StoredPublication => ({ offset: 0, id, at: 7, payload: `"${id}"` })

      law('a message to every node that is subscribed, in the null epoch, as it came', async (fixture, { node }) => {
        const other = await fixture.join()
        const third = await fixture.join()
        await Promise.all([node.broker.subscribe('c'), other.broker.subscribe('c'), third.broker.subscribe('other')])
        const given = { ...cursor('a'), from: { user: 'ada', session: 's1' }, meta: { traceparent: '00-1' } }
        await node.broker.relay('c', given)
        await fixture.eventually(() => node.deliveries.length === 1 && other.deliveries.length === 1)
        await fixture.quiet()
        expect(node.deliveries).toEqual([{ channel: 'c', epoch: '', publication: given }])
        expect(other.deliveries).toEqual(node.deliveries)
        expect(third.deliveries).toEqual([])
      })

      law('messages of one node in their order, each once', async (fixture, { node }) => {
        await node.broker.subscribe('c')
        const ids = Array.from({ length: 50 }, (_, i) => `m${i}`)
        await Promise.all(ids.map((id) => node.broker.relay('c', cursor(id))))
        await fixture.eventually(() => node.deliveries.length >= 50)
        await fixture.quiet()
        expect(node.deliveries.map(({ publication }) => publication.id)).toEqual(ids)
      })

      law('and keeps nothing, not even that there is a channel', async (fixture, { node, put, recover, history }) => {
        await node.broker.relay('c', cursor('a'))
        await node.broker.subscribe('c')
        await fixture.quiet()
        expect(node.deliveries).toEqual([])
        expect(given(await recover(undefined))).toEqual({ position: NULL, head: NULL, publications: [] })
        expect(await history({ limit: 10 })).toEqual({ head: NULL, publications: [], more: false })
        expect((await put('b')).position.offset).toBe(1)
      })

      law('without a mark on a log of the same name', async (fixture, { node, put, recover }) => {
        const { position } = await put('a')
        await node.broker.relay('c', cursor('x'))
        await fixture.quiet()
        const { head, publications } = await recover('start')
        expect(head).toEqual(position)
        expect(publications.map(({ id }) => id)).toEqual(['a'])
      })
    })

    describe('keeps one message, where that is all there is room for', () => {
      const ONE: Retention = { ...KEEP, messages: 1, ageMs: Number.MAX_SAFE_INTEGER }

      law('the newest, at the offset it has in the whole history', async (_, { put, recover, history }) => {
        const { position } = await series(put, 5, { retention: ONE })
        expect(position.offset).toBe(5)
        const { head, publications } = await recover({ last: 1 }, 1)
        expect(head).toEqual(position)
        expect(publications.map(({ offset, id }) => [offset, id])).toEqual([[5, 'm5']])
        expect((await history({ limit: 10 }))?.publications.map(({ id }) => id)).toEqual(['m5'])
      })

      law('and knows a repeat of one that has gone', async (_, { put, recover }) => {
        const number = (seq: number): ProducerNumber => ({ producer: 'p', seq, lowest: 1 })
        const first = await put('a', { retention: ONE, number: number(1), key: 'k' })
        await put('b', { retention: ONE, number: number(2) })
        expect(await put('a', { retention: ONE, number: number(1) })).toMatchObject({ position: first.position })
        expect(await put('z', { retention: ONE, key: 'k' })).toMatchObject({ id: 'a', position: first.position })
        expect((await recover({ last: 1 }, 1)).publications.map(({ id }) => id)).toEqual(['b'])
      })

      law('through a failover, under its new name', async (fixture, { put, recover }) => {
        const before = await put('a', { retention: ONE })
        await fixture.failOver({ lossy: false })
        expect((await recover({ last: 1 }, 1)).publications.map(({ id }) => id)).toEqual(['a'])
        const after = await put('b', { retention: ONE })
        expect(after.position.epoch).not.toBe(before.position.epoch)
        const { head, publications } = await recover({ last: 1 }, 1)
        expect(head).toEqual(after.position)
        expect(publications.map(({ offset, id }) => [offset, id])).toEqual([[2, 'b']])
      })
    })

    describe('stores once', () => {
      const number = (seq: number, lowest = seq): ProducerNumber => ({ producer: 'p', seq, lowest })

      law('a number that comes again, and answers with the first position', async (fixture, { node, put, recover }) => {
        await node.broker.subscribe('c')
        const first = await put('a', { number: number(1) })
        const other = tools(await fixture.join())
        const again = await other.put('a', { number: number(1) })
        expect(again).toEqual(first)
        expect((await recover('start')).publications).toHaveLength(1)
        await fixture.eventually(() => node.deliveries.length > 0)
        await fixture.quiet()
        expect(node.deliveries).toHaveLength(1)
      })

      law('numbers strictly in order: a higher one waits for those before it', async (_, { put, publish, recover }) => {
        await put('a', { number: number(1) })
        expect(await publish('c', { number: number(3, 2) })).toEqual({ kind: 'out-of-order', expected: 2 })
        expect((await recover('start')).publications).toHaveLength(1)
        await put('b', { number: number(2) })
        await put('c', { number: number(3, 2) })
        expect((await recover('start')).publications.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
      })

      law('skips numbers that the producer has settled or given up', async (_, { put, publish }) => {
        await put('a', { number: number(1) })
        await put('e', { number: number(5, 5) })
        expect(await publish('c', { number: number(3, 3) })).toEqual({ kind: 'forgotten', expected: 6 })
      })

      law('begins with `lowest` where nothing is known of the producer', async (_, { put, publish }) => {
        expect(await publish('g', { number: number(8, 7) })).toEqual({ kind: 'out-of-order', expected: 7 })
        await put('f', { number: number(7, 7) })
        await put('g', { number: number(8, 7) })
      })

      law('judges numbers of producers and of channels apart', async (_, { put }) => {
        await put('a', { number: number(1) })
        const other = await put('a', { number: { ...number(1), producer: 'q' } })
        expect(other.position.offset).toBe(2)
        const elsewhere = await put('a', { number: number(1), channel: 'other' })
        expect(elsewhere.position.offset).toBe(1)
      })

      law('keeps the positions of the last 64 numbers', async (_, { put, publish }) => {
        for (let seq = 1; seq <= 65; seq++) await put(`m${seq}`, { number: number(seq) })
        expect((await put('m2', { number: number(2) })).position.offset).toBe(2)
        expect(await publish('m1', { number: number(1) })).toEqual({ kind: 'forgotten', expected: 66 })
      })

      law('a key that comes again, and answers with the first id', async (_, { put, recover }) => {
        const first = await put('a', { key: 'k' })
        expect(await put('b', { key: 'k' })).toEqual(first)
        expect((await put('c', { key: 'l' })).position.offset).toBe(2)
        expect((await put('d', { key: 'k', channel: 'other' })).id).toBe('d')
        expect((await recover('start')).publications.map(({ id }) => id)).toEqual(['a', 'c'])
      })

      law('a number that was taken, whatever the key; and a repeated key uses the number up', async (_, { put }) => {
        const first = await put('a', { number: number(1), key: 'k' })
        const second = await put('b', { number: number(2), key: 'l' })
        expect(await put('b', { number: number(2), key: 'k' })).toEqual(second)
        expect(await put('c', { number: number(3), key: 'k' })).toEqual(first)
        expect((await put('d', { number: number(4, 3) })).position.offset).toBe(3)
        expect(await put('c', { number: number(3, 3) })).toEqual(first)
      })

      law(
        'a publish that is refused writes nothing, and begins no epoch',
        async (fixture, { node, publish, recover }) => {
          await node.broker.subscribe('c')
          expect(await publish('b', { number: number(2, 1) })).toEqual({ kind: 'out-of-order', expected: 1 })
          expect((await recover(undefined)).head).toEqual(NULL)
          expect((await recover({ epoch: 'other', offset: 3 })).position).toEqual(NULL)
          await fixture.quiet()
          expect(node.deliveries).toEqual([])
        },
      )

      law('a repeat after a failover that lost nothing', async (fixture, { put, recover }) => {
        const first = await put('a', { number: number(1), key: 'k' })
        await fixture.failOver({ lossy: false })
        const again = await put('a', { number: number(1) })
        expect(again.position.offset).toBe(first.position.offset)
        expect((await put('b', { key: 'k' })).id).toBe('a')
        expect((await recover('start')).publications).toHaveLength(1)
      })

      law('a number that a failover lost, when it is sent again', async (fixture, { put, recover }) => {
        await put('a', { number: number(1), key: 'k' })
        await fixture.cutReplication()
        await put('b', { number: number(2, 1), key: 'l' })
        await fixture.failOver({ lossy: true })
        await put('b', { number: number(2, 1), key: 'l' })
        expect((await recover('start')).publications.map(({ id }) => id)).toEqual(['a', 'b'])
      })
    })

    describe('recovers', () => {
      law('nothing from a channel nobody has written to, at the null position', async (_, { recover }) => {
        for (const since of [undefined, 'start', { last: 3 }, NULL] as const) {
          expect(given(await recover(since))).toEqual({ position: NULL, head: NULL, publications: [] })
        }
      })

      law('the first message of any epoch after the null position', async (_, { put, recover }) => {
        const { position } = await put('a')
        const recovery = await recover(NULL)
        expect(given(recovery)).toMatchObject({ position: { ...position, offset: 0 }, head: position })
        expect(recovery.gap).toBeUndefined()
        expect(recovery.publications.map(({ id }) => id)).toEqual(['a'])
      })

      law('what was trimmed away after the null position as a gap', async (_, { put, recover }) => {
        for (const id of ['a', 'b', 'c']) await put(id, { retention: { ...KEEP, messages: 1 } })
        const recovery = await recover(NULL)
        expect(recovery.gap).toEqual({ reason: 'trimmed', from: 1, to: 2 })
        expect(recovery.publications.map(({ id }) => id)).toEqual(['c'])
      })

      law('from wherever a reader may start', async (_, { put, recover }) => {
        const { position } = await series(put, 5)
        const read = async (since: Parameters<Broker['recover']>[1]) => {
          const recovery = await recover(since)
          expect(recovery.gap).toBeUndefined()
          expect(recovery.rebase).toBeUndefined()
          expect(recovery.head).toEqual(position)
          expect(recovery.position.epoch).toBe(position.epoch)
          expect(recovery.publications[0]?.offset ?? 6).toBe(recovery.position.offset + 1)
          return recovery.publications.length
        }
        expect(await read(undefined)).toBe(0)
        expect(await read('start')).toBe(5)
        expect(await read({ last: 2 })).toBe(2)
        expect(await read({ last: 0 })).toBe(0)
        expect(await read({ last: 99 })).toBe(5)
        expect(await read({ ...position, offset: 3 })).toBe(2)
        expect(await read({ ...position, offset: 0 })).toBe(5)
        expect(await read(position)).toBe(0)
      })

      law('at most as many messages as asked for, and page by page all of them', async (_, { put, recover }) => {
        await series(put, 11)
        const read: number[] = []
        let at: Position | 'start' = 'start'
        for (let pages = 0; pages < 4; pages++) {
          const recovery: Recovery = await recover(at, 3)
          expect(recovery.publications.length).toBe(pages < 3 ? 3 : 2)
          read.push(...recovery.publications.map(({ offset }) => offset))
          at = { epoch: recovery.head.epoch, offset: read.at(-1) ?? 0 }
        }
        expect(read).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
        expect((await recover('start', 0)).publications).toEqual([])
      })

      law('a gap for what was trimmed', async (_, { put, recover }) => {
        const retention = { ...KEEP, messages: 3 }
        const { position } = await series(put, 10, { retention })
        const recovery = await recover({ ...position, offset: 4 })
        expect(recovery.gap).toEqual({ reason: 'trimmed', from: 5, to: 7 })
        expect(recovery.position).toEqual({ ...position, offset: 7 })
        expect(recovery.publications.map(({ offset }) => offset)).toEqual([8, 9, 10])
        expect((await recover({ ...position, offset: 7 })).gap).toBeUndefined()
      })

      law('a gap for a position above the head', async (_, { put, recover }) => {
        const { position } = await series(put, 3)
        expect(given(await recover({ ...position, offset: 5 }))).toEqual({
          position,
          head: position,
          gap: { reason: 'rollback', from: 4, to: 5 },
          rebase: { from: position.epoch, end: 3, to: position.epoch },
          publications: [],
        })
      })

      law('a gap for the epoch of a log that is gone', async (_, { put, recover }) => {
        const { position } = await series(put, 3)
        const recovery = await recover({ epoch: 'gone.gone', offset: 9 })
        expect(recovery.gap).toEqual({ reason: 'epoch', from: 9, to: 1 })
        expect(recovery.rebase).toEqual({ from: 'gone.gone', end: 0, to: position.epoch })
        expect(recovery.publications).toHaveLength(3)
      })

      law('a gap for such an epoch when nobody has written since', async (_, { recover }) => {
        expect(given(await recover({ epoch: 'gone.gone', offset: 9 }))).toEqual({
          position: NULL,
          head: NULL,
          gap: { reason: 'epoch', from: 9, to: 1 },
          rebase: { from: 'gone.gone', end: 0, to: '' },
          publications: [],
        })
      })

      law('the same again: reading changes nothing', async (fixture, { put, recover, history }) => {
        const { position } = await series(put, 3)
        await fixture.failOver({ lossy: false })
        const first = await recover('start')
        await recover({ ...position, offset: 99 })
        await recover({ epoch: 'gone.gone', offset: 1 })
        await history({ limit: 10 })
        expect(await recover('start')).toEqual(first)
        expect(first.head.offset).toBe(3)
      })
    })

    describe('reads history', () => {
      const ids = (page: HistoryPage | undefined) => page?.publications.map(({ offset }) => offset)

      law('of a channel nobody has written to as an empty page', async (_, { history }) => {
        for (const query of [{ limit: 5 }, { after: NULL, limit: 5 }, { before: NULL, limit: 5 }]) {
          expect(await history(query)).toEqual({ head: NULL, publications: [], more: false })
        }
        expect(await history({ after: { epoch: 'gone.gone', offset: 1 }, limit: 5 })).toBeUndefined()
      })

      law('the latest messages when no position is named', async (_, { put, history }) => {
        const { position } = await series(put, 7)
        const page = await history({ limit: 3 })
        expect(ids(page)).toEqual([5, 6, 7])
        expect(page).toMatchObject({ head: position, more: true })
        expect(await history({ limit: 7 })).toMatchObject({ more: false })
      })

      law('forwards, page by page', async (_, { put, history }) => {
        const { position } = await series(put, 7)
        const pages: Array<[number[] | undefined, boolean | undefined]> = []
        for (const offset of [0, 3, 6, 7]) {
          const page = await history({ after: { ...position, offset }, limit: 3 })
          pages.push([ids(page), page?.more])
        }
        expect(pages).toEqual([
          [[1, 2, 3], true],
          [[4, 5, 6], true],
          [[7], false],
          [[], false],
        ])
      })

      law('backwards, page by page', async (_, { put, history }) => {
        const { position } = await series(put, 7)
        const pages: Array<[number[] | undefined, boolean | undefined]> = []
        for (const offset of [7, 4, 1, 0]) {
          const page = await history({ before: { ...position, offset }, limit: 3 })
          pages.push([ids(page), page?.more])
        }
        expect(pages).toEqual([
          [[4, 5, 6], true],
          [[1, 2, 3], false],
          [[], false],
          [[], false],
        ])
      })

      law('only as far back as the log is kept', async (_, { put, history }) => {
        const { position } = await series(put, 9, { retention: { ...KEEP, messages: 4 } })
        const page = await history({ before: { ...position, offset: 8 }, limit: 10 })
        expect([ids(page), page?.more]).toEqual([[6, 7], false])
        expect(await history({ before: { ...position, offset: 3 }, limit: 10 })).toMatchObject({
          publications: [],
          more: false,
        })
        expect(ids(await history({ after: NULL, limit: 2 }))).toEqual([6, 7])
        expect(ids(await history({ after: { ...position, offset: 5 }, limit: 2 }))).toEqual([6, 7])
      })

      law(
        'not on from a position whose followers are gone, nor from one that is not part of it',
        async (_, { put, history }) => {
          const { position } = await series(put, 9, { retention: { ...KEEP, messages: 4 } })
          expect(await history({ after: { ...position, offset: 4 }, limit: 2 })).toBeUndefined()
          expect(await history({ after: { ...position, offset: 10 }, limit: 2 })).toBeUndefined()
          expect(await history({ before: { ...position, offset: 10 }, limit: 2 })).toBeUndefined()
          expect(await history({ before: { epoch: 'gone.gone', offset: 6 }, limit: 2 })).toBeUndefined()
        },
      )

      law('across a failover, under the current epoch', async (fixture, { put, history }) => {
        const { position } = await series(put, 3)
        await fixture.failOver({ lossy: false })
        const next = await put('m4')
        const page = await history({ after: { ...position, offset: 2 }, limit: 9 })
        expect(page?.head).toEqual(next.position)
        expect(ids(page)).toEqual([3, 4])
      })
    })

    describe('keeps a log', () => {
      law('of so many messages', async (_, { put, recover }) => {
        await series(put, 6, { retention: { ...KEEP, messages: 4 } })
        expect((await recover('start')).publications.map(({ offset }) => offset)).toEqual([3, 4, 5, 6])
      })

      law('of so many bytes of data, counted in UTF-8', async (_, { put, recover }) => {
        const payload = JSON.stringify('é'.repeat(49))
        expect(Buffer.byteLength(payload)).toBe(100)
        await series(put, 6, { payload, retention: { ...KEEP, bytes: 250 } })
        expect((await recover('start')).publications.map(({ offset }) => offset)).toEqual([5, 6])
      })

      law('up to an age that is judged when it is read', async (fixture, { put, recover, history }) => {
        const retention = { ...KEEP, ageMs: SHORT_MS }
        const { position } = await series(put, 2, { retention })
        await fixture.advance(SHORT_MS + 50)
        expect(given(await recover({ ...position, offset: 0 }))).toEqual({
          position,
          head: position,
          gap: { reason: 'trimmed', from: 1, to: 2 },
          publications: [],
        })
        expect((await history({ limit: 5 }))?.publications).toEqual([])
        const next = await put('m3', { retention })
        expect(next.position).toEqual({ ...position, offset: 3 })
        expect((await recover('start')).publications.map(({ offset }) => offset)).toEqual([3])
      })

      law('for a time without publishes, then forgets it with its epoch', async (fixture, { put, recover }) => {
        const retention = { ...KEEP, ageMs: SHORT_MS, ttlMs: SHORT_MS }
        const { position } = await put('a', { retention })
        await fixture.advance(SHORT_MS / 2)
        const renewed = await put('b', { retention })
        expect(renewed.position).toEqual({ ...position, offset: 2 })
        await fixture.advance(SHORT_MS / 2 + 50)
        expect((await recover(undefined)).head).toEqual(renewed.position)
        await fixture.advance(SHORT_MS)
        expect((await recover(undefined)).head).toEqual(NULL)
        expect((await recover(renewed.position)).gap).toEqual({ reason: 'epoch', from: 2, to: 1 })
        const anew = await put('c', { retention })
        expect(anew.position.offset).toBe(1)
        expect(anew.position.epoch).not.toBe(position.epoch)
      })
    })

    describe('fails over', () => {
      law('and tells every node to verify its positions', async (fixture, { node }) => {
        const other = await fixture.join()
        await fixture.failOver({ lossy: false })
        await fixture.eventually(() => node.resyncs() === 1 && other.resyncs() === 1)
      })

      law(
        'without loss: positions stay good, and the next publish tells where the epoch ended',
        async (fixture, { put, recover }) => {
          const { position } = await series(put, 3)
          await fixture.failOver({ lossy: false })
          expect((await recover(position)).gap).toBeUndefined()
          const next = await put('m4', { epoch: position.epoch })
          const rebase = { from: position.epoch, end: 3, to: next.position.epoch }
          expect(next.position.offset).toBe(4)
          expect(next.position.epoch).not.toBe(position.epoch)
          expect(next.rebase).toEqual(rebase)
          const recovery = await recover({ ...position, offset: 2 })
          expect(recovery.gap).toBeUndefined()
          expect(recovery.rebase).toEqual(rebase)
          expect(recovery.publications.map(({ offset }) => offset)).toEqual([3, 4])
          expect((await put('m5', { epoch: next.position.epoch })).rebase).toBeUndefined()
        },
      )

      law(
        'with loss: what is gone is told, the offsets are given out again in another epoch',
        async (fixture, { put, recover }) => {
          await series(put, 3)
          await fixture.cutReplication()
          const lost = await series(put, 2, { prefix: 'lost' })
          expect(lost.position.offset).toBe(5)
          await fixture.failOver({ lossy: true })
          expect((await recover(lost.position)).gap).toEqual({ reason: 'rollback', from: 4, to: 5 })
          const next = await put('other', { epoch: lost.position.epoch })
          expect(next.position.offset).toBe(4)
          expect(next.position.epoch).not.toBe(lost.position.epoch)
          expect(next.rebase).toEqual({ from: lost.position.epoch, end: 3, to: next.position.epoch })
          const recovery = await recover(lost.position)
          expect(recovery.gap).toEqual({ reason: 'rollback', from: 4, to: 5 })
          expect(recovery.publications.map(({ id }) => id)).toEqual(['other'])
          expect((await recover({ ...lost.position, offset: 3 })).gap).toBeUndefined()
        },
      )

      law('of a channel that the replica never heard of: its log is gone', async (fixture, { put, recover }) => {
        await fixture.cutReplication()
        const { position } = await series(put, 2)
        await fixture.failOver({ lossy: true })
        expect((await recover(position)).gap).toEqual({ reason: 'epoch', from: 2, to: 1 })
      })

      law(
        'sixteen times, and still knows where the first epoch ended; then it does not',
        async (fixture, { put, recover }) => {
          const first = await put('m0')
          let epoch = first.position.epoch
          for (let i = 1; i <= 16; i++) {
            await fixture.failOver({ lossy: false })
            const { position, rebase } = await put(`m${i}`, { epoch })
            expect(rebase).toEqual({ from: epoch, end: i, to: position.epoch })
            epoch = position.epoch
          }
          expect((await recover(first.position)).gap).toBeUndefined()
          await fixture.failOver({ lossy: false })
          const next = await put('m17', { epoch: first.position.epoch })
          expect(next.rebase).toBeUndefined()
          const recovery = await recover(first.position)
          expect(recovery.gap).toEqual({ reason: 'unknown', from: 1, to: 2 })
          expect(recovery.rebase).toBeUndefined()
        },
      )

      law('and goes on delivering, under the new epoch', async (fixture, { node, put }) => {
        await node.broker.subscribe('c')
        await put('a')
        await fixture.failOver({ lossy: false })
        await fixture.eventually(() => node.resyncs() > 0)
        await fixture.quiet()
        const { position } = await put('b')
        await fixture.eventually(() => node.deliveries.some(({ publication }) => publication.id === 'b'))
        expect(node.deliveries.at(-1)).toMatchObject({ epoch: position.epoch, publication: { offset: 2 } })
      })
    })
  })
}

const NULL: Position = { epoch: '', offset: 0 }

type Tools = ReturnType<typeof tools>

function tools(node: BrokerNode) {
  const publish = (id: string, fields: Partial<PublishRequest> = {}): Promise<PublishOutcome> =>
    node.broker.publish({ channel: 'c', id, payload: JSON.stringify(id), retention: KEEP, ...fields })
  return {
    node,
    publish,
    /** Publishes what must be stored. */
    put: async (id: string, fields?: Partial<PublishRequest>): Promise<Stored> => {
      const outcome = await publish(id, fields)
      if (outcome.kind !== 'stored') throw new Error(`${id} was not stored but ${outcome.kind}`)
      return outcome
    },
    recover: (since: Parameters<Broker['recover']>[1], limit = 100) => node.broker.recover('c', since, limit),
    history: (query: Parameters<Broker['history']>[1]) => node.broker.history('c', query),
  }
}

/** A recovery without the fields that are not there. */
function given(recovery: Recovery): Partial<Recovery> {
  return Object.fromEntries(Object.entries(recovery).filter(([, value]) => value !== undefined))
}

/** Publishes one message after the other; gives the last outcome. */
async function series(
  put: Tools['put'],
  count: number,
  { prefix = 'm', ...fields }: Partial<PublishRequest> & { prefix?: string } = {},
): Promise<Stored> {
  let last: Stored | undefined
  for (let i = 1; i <= count; i++) last = await put(`${prefix}${i}`, fields)
  if (!last) throw new Error('a series of nothing')
  return last
}
