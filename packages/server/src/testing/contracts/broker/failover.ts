import type { BrokerSuite } from './suite.js'
import { KEEP, series } from './tools.js'

/** Another replication history takes over. PROTOCOL.md §5. */
export function failover({ describe, expect, law }: BrokerSuite): void {
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

    law(
      'with loss, and a log that was trimmed since: one gap for each, in two readings',
      async (fixture, { put, recover }) => {
        const retention = { ...KEEP, messages: 3 }
        await series(put, 2, { retention })
        await fixture.cutReplication()
        const lost = await series(put, 2, { prefix: 'lost', retention })
        await fixture.failOver({ lossy: true })
        const { position } = await series(put, 5, { prefix: 'other', retention })
        const first = await recover(lost.position)
        expect(first.gap).toEqual({ reason: 'rollback', from: 3, to: 4 })
        expect([first.position, first.publications]).toEqual([{ ...position, offset: 2 }, []])
        const second = await recover(first.position)
        expect(second.gap).toEqual({ reason: 'trimmed', from: 3, to: 4 })
        expect(second.publications.map(({ offset }) => offset)).toEqual([5, 6, 7])
      },
    )

    law(
      'with the record of two failovers before it lost: who came from there is judged by its forebears',
      async (fixture, { put, recover }) => {
        await series(put, 3)
        await fixture.cutReplication()
        await series(put, 1, { prefix: 'lost' })
        await fixture.failOver({ lossy: false })
        await put('b')
        await fixture.failOver({ lossy: false })
        const { position } = await put('c')
        expect(position.offset).toBe(6)
        await fixture.failOver({ lossy: true })
        await put('d')
        expect((await recover(position)).gap).toEqual({ reason: 'rollback', from: 4, to: 6 })
        expect((await recover({ ...position, offset: 3 })).gap).toBeUndefined()
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
}
