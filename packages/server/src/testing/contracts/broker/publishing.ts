import type { BrokerSuite } from './suite.js'
import { tools } from './tools.js'

/** What a publish is answered, and where its message stands. */
export function publishing({ describe, expect, law }: BrokerSuite): void {
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
}
