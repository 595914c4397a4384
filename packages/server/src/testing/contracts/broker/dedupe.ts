import type { ProducerNumber } from '../../../ports/index.js'
import type { BrokerSuite } from './suite.js'
import { NULL, tools } from './tools.js'

/** Repeats take effect once. PROTOCOL.md §3.4. */
export function dedupe({ describe, expect, law }: BrokerSuite): void {
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
}
