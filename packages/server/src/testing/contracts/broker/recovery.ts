import type { Position } from '@org/realtime-protocol'
import type { Broker, Recovery } from '../../../ports/index.js'
import type { BrokerSuite } from './suite.js'
import { given, KEEP, NULL, series } from './tools.js'

/** Reading on from a position. PROTOCOL.md §5. */
export function recovery({ describe, expect, law }: BrokerSuite): void {
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
}
