import type { BrokerSuite } from './suite.js'
import { tools } from './tools.js'

/** What nodes are handed, and when. */
export function delivery({ describe, expect, law }: BrokerSuite): void {
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

    law(
      'or says where a quiet log ends, to a node that missed its last publication',
      async (fixture, { node, put }) => {
        await node.broker.subscribe('c')
        await fixture.loseNews?.()
        const { position } = await put('a')
        const isTold = () => node.heads.some(({ channel, head }) => channel === 'c' && head.offset === 1)
        await fixture.eventually(() => node.deliveries.length === 1 || isTold())
        expect(node.deliveries.length === 1).toBe(fixture.loseNews === undefined)
        for (const { channel, head } of node.heads) {
          expect([channel, head.epoch, head.offset]).toEqual(['c', head.offset ? position.epoch : '', head.offset])
          expect(head.offset <= 1).toBe(true)
        }
      },
    )

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
}
