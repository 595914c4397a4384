import type { PresenceSuite } from './suite.js'
import { LONG_MS, SHORT_MS, LIMIT, FIRST_NUMBER, entrant, leaver, position } from './tools.js'

/** What comes late undoes nothing. */
export function operations({ describe, expect, law }: PresenceSuite): void {
  describe('operations of one owner', () => {
    const LATER = FIRST_NUMBER - 1
    const EARLIER = FIRST_NUMBER - 2

    law(
      'take effect by their numbers: a leave that comes late does not undo what came after',
      async (fixture, node) => {
        const { presence } = node
        await presence.watch('c')
        const at = position(await presence.enter('c', entrant('s1', { number: LATER, payload: '2' }), LONG_MS))
        expect(await presence.leave('c', leaver('s1', { number: EARLIER }), LONG_MS)).toEqual({ kind: 'superseded' })
        expect(await presence.list('c', LIMIT)).toMatchObject({ position: at, members: [{ payload: '2' }] })
        await fixture.quiet()
        expect(node.changes).toHaveLength(1)
      },
    )

    law('take effect by their numbers: who shows something else late changes nothing', async (_, { presence }) => {
      await presence.enter('c', entrant('s1', { number: LATER, payload: '2' }), LONG_MS)
      const late = await presence.enter('c', entrant('s1', { number: EARLIER, payload: '1' }), LONG_MS)
      expect(late).toEqual({ kind: 'superseded' })
      expect((await presence.list('c', LIMIT)).members).toMatchObject([{ payload: '2' }])
    })

    law('may be repeated with their number, each with the same effect', async (_, { presence }) => {
      const entering = entrant('s1', { payload: '1' })
      const entered = await presence.enter('c', entering, LONG_MS)
      expect(await presence.enter('c', entering, LONG_MS)).toEqual(entered)
      const leaving = leaver('s1')
      const left = await presence.leave('c', leaving, LONG_MS)
      expect(await presence.leave('c', leaving, LONG_MS)).toEqual(left)
      expect(position(left).offset).toBe(2)
    })

    law('count by the owner first: the first of a higher one is later than any of a lower', async (_, { presence }) => {
      await presence.enter('c', entrant('s1', { owner: 1, number: LATER }), LONG_MS)
      expect(await presence.enter('c', entrant('s1', { owner: 2, number: 1 }), LONG_MS)).toMatchObject({
        kind: 'done',
      })
      expect(await presence.leave('c', leaver('s1', { owner: 1 }), LONG_MS)).toEqual({ kind: 'superseded' })
      expect((await presence.list('c', LIMIT)).count).toBe(1)
    })

    law('are not held up by a renewal, also not by one of a higher owner', async (_, { presence }) => {
      await presence.enter('c', entrant('s1', { owner: 1, number: LATER }), LONG_MS)
      await presence.renew([{ channel: 'c', members: [{ session: 's1', owner: 1 }] }], LONG_MS)
      expect(await presence.leave('c', leaver('s1', { number: EARLIER }), LONG_MS)).toEqual({ kind: 'superseded' })
      await presence.renew([{ channel: 'c', members: [{ session: 's1', owner: 2 }] }], LONG_MS)
      expect(await presence.leave('c', leaver('s1', { owner: 2, number: 1 }), LONG_MS)).toMatchObject({
        kind: 'done',
      })
      expect((await presence.list('c', LIMIT)).count).toBe(0)
    })

    law('are remembered of who left: an enter that comes late brings nobody back', async (fixture, node) => {
      const { presence } = node
      await presence.enter('c', entrant('s1', { number: EARLIER }), LONG_MS)
      await presence.leave('c', leaver('s1', { number: LATER }), LONG_MS)
      expect(await presence.enter('c', entrant('s1', { number: EARLIER }), LONG_MS)).toEqual({ kind: 'superseded' })
      await presence.reap(['c'])
      const other = await fixture.join()
      expect(await other.presence.enter('c', entrant('s1', { number: EARLIER }), LONG_MS)).toEqual({
        kind: 'superseded',
      })
      expect(await presence.list('c', LIMIT)).toMatchObject({ count: 0, members: [] })
    })

    law('are remembered of who left without having been there', async (_, { presence }) => {
      await presence.leave('c', leaver('s1', { owner: 2, number: LATER }), LONG_MS)
      const late = [entrant('s1', { owner: 2, number: EARLIER }), entrant('s1', { owner: 1 })]
      for (const entering of late) {
        expect(await presence.enter('c', entering, LONG_MS)).toEqual({ kind: 'superseded' })
      }
      expect(await presence.list('c', LIMIT)).toEqual({ position: { epoch: '', offset: 0 }, count: 0, members: [] })
    })

    law('of who left are remembered for the time that the leave said', async (fixture, { presence }) => {
      await presence.leave('c', leaver('s1', { number: LATER }), SHORT_MS)
      await presence.leave('c', leaver('s2', { number: LATER }), LONG_MS)
      await fixture.advance(SHORT_MS * 1.2)
      const enter = (session: string) => presence.enter('c', entrant(session, { number: EARLIER }), LONG_MS)
      expect(await enter('s1')).toMatchObject({ kind: 'done' })
      expect(await enter('s2')).toEqual({ kind: 'superseded' })
    })

    law('let who left come back by a later one, and be renewed then', async (_, { presence }) => {
      await presence.leave('c', leaver('s1'), LONG_MS)
      const renewal = [{ channel: 'c', members: [{ session: 's1', owner: 1 }] }]
      expect(await presence.renew(renewal, LONG_MS)).toEqual([{ channel: 'c', session: 's1' }])
      expect(await presence.enter('c', entrant('s1'), LONG_MS)).toMatchObject({ kind: 'done' })
      expect(await presence.renew(renewal, LONG_MS)).toEqual([])
    })

    law('are not remembered of who was reaped: its node may enter it again', async (fixture, { presence }) => {
      const entering = entrant('s1')
      await presence.enter('c', entering, SHORT_MS)
      await fixture.advance(SHORT_MS * 1.2)
      await presence.reap(['c'])
      expect(await presence.enter('c', entering, LONG_MS)).toMatchObject({ kind: 'done' })
    })

    law('of who left are taken over in a failover that loses nothing', async (fixture, { presence }) => {
      await presence.enter('c', entrant('s1', { number: EARLIER }), LONG_MS)
      await presence.leave('c', leaver('s1', { number: LATER }), LONG_MS)
      await fixture.failOver({ lossy: false })
      expect(await presence.enter('c', entrant('s1', { number: EARLIER }), LONG_MS)).toEqual({ kind: 'superseded' })
    })
  })
}
