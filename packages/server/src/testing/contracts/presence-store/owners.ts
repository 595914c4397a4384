import type { PresenceSuite } from './suite.js'
import { LONG_MS, LIMIT, entrant, leaver } from './tools.js'

/** Who may change a member: the highest owner. */
export function owners({ describe, expect, law }: PresenceSuite): void {
  describe('owners', () => {
    law('lets a higher owner take a member over, without a change', async (fixture, node) => {
      const { presence } = node
      await presence.watch('c')
      await presence.enter('c', entrant('s1', { owner: 1 }), LONG_MS)
      await presence.enter('c', entrant('s1', { owner: 2 }), LONG_MS)
      await fixture.quiet()
      expect(node.changes).toHaveLength(1)
    })

    law('refuses whoever enters with a lower owner, and changes nothing', async (fixture, node) => {
      const { presence } = node
      await presence.watch('c')
      await presence.enter('c', entrant('s1', { owner: 2, payload: '"new"' }), LONG_MS)
      const late = await presence.enter('c', entrant('s1', { owner: 1, payload: '"old"' }), LONG_MS)
      expect(late).toEqual({ kind: 'superseded' })
      expect((await presence.list('c', LIMIT)).members).toMatchObject([{ payload: '"new"' }])
      await fixture.quiet()
      expect(node.changes).toHaveLength(1)
    })

    law('ignores the late leave of a node that has lost the session', async (fixture, node) => {
      const { presence } = node
      const other = await fixture.join()
      await presence.watch('c')
      await presence.enter('c', entrant('s1', { owner: 1 }), LONG_MS)
      await other.presence.enter('c', entrant('s1', { owner: 2 }), LONG_MS)
      expect(await presence.leave('c', leaver('s1'), LONG_MS)).toEqual({ kind: 'superseded' })
      expect((await presence.list('c', LIMIT)).count).toBe(1)
      await fixture.quiet()
      expect(node.changes).toHaveLength(1)
    })

    law('lets a higher owner remove who never entered with it', async (_, { presence }) => {
      await presence.enter('c', entrant('s1', { owner: 1 }), LONG_MS)
      expect(await presence.leave('c', leaver('s1', { owner: 3 }), LONG_MS)).toMatchObject({ kind: 'done' })
      expect((await presence.list('c', LIMIT)).count).toBe(0)
    })

    law('lets a higher owner renew who entered with a lower one, which has lost it then', async (_, { presence }) => {
      await presence.enter('c', entrant('s1', { owner: 1 }), LONG_MS)
      expect(await presence.renew([{ channel: 'c', members: [{ session: 's1', owner: 2 }] }], LONG_MS)).toEqual([])
      expect(await presence.leave('c', leaver('s1'), LONG_MS)).toEqual({ kind: 'superseded' })
    })

    law('has the higher of two owners that enter at once', async (fixture, node) => {
      const other = await fixture.join()
      await Promise.all([
        node.presence.enter('c', entrant('s1', { owner: 1, payload: '1' }), LONG_MS),
        other.presence.enter('c', entrant('s1', { owner: 2, payload: '2' }), LONG_MS),
      ])
      expect((await node.presence.list('c', LIMIT)).members).toMatchObject([{ payload: '2' }])
    })
  })
}
