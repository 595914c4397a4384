import type { StoredPublication } from '../../../ports/index.js'
import type { BrokerSuite } from './suite.js'
import { given, NULL } from './tools.js'

/** Messages that nothing keeps. */
export function relaying({ describe, expect, law }: BrokerSuite): void {
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
}
