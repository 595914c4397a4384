import type { ProducerNumber, Retention } from '../../../ports/index.js'
import type { BrokerSuite } from './suite.js'
import { KEEP, series } from './tools.js'

/** A log that keeps its newest message alone. */
export function oneMessage({ describe, expect, law }: BrokerSuite): void {
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
}
