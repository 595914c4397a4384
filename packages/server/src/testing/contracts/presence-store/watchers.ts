import { judge } from '@org/realtime-protocol'
import type { PresenceSuite } from './suite.js'
import { LONG_MS, SHORT_MS, LIMIT, entrant, leaver, position, change } from './tools.js'

/** What watchers are told. */
export function watching({ describe, expect, law }: PresenceSuite): void {
  describe('watchers', () => {
    law(
      'are told every change in order, with its position, who it is and how many there are',
      async (fixture, node) => {
        const other = await fixture.join()
        await other.presence.watch('c')
        const { presence } = node
        const { epoch } = position(await presence.enter('c', entrant('s1', { payload: '1' }), LONG_MS))
        await presence.enter('c', entrant('s2'), LONG_MS)
        await presence.enter('c', entrant('s1', { payload: '2' }), LONG_MS)
        await presence.leave('c', leaver('s1'), LONG_MS)
        await fixture.eventually(() => other.changes.length === 4)
        expect(other.changes).toEqual([
          change('join', { epoch, offset: 1 }, { user: 'ada', session: 's1', payload: '1' }, 1),
          change('join', { epoch, offset: 2 }, { user: 'ada', session: 's2' }, 2),
          change('join', { epoch, offset: 3 }, { user: 'ada', session: 's1', payload: '2' }, 2),
          change('leave', { epoch, offset: 4 }, { user: 'ada', session: 's1' }, 1),
        ])
        await fixture.quiet()
        expect(node.changes).toEqual([])
      },
    )

    law('are told of their channels only, and of nothing after they stop', async (fixture, node) => {
      const { presence } = node
      await presence.watch('a')
      await presence.enter('b', entrant('s1'), LONG_MS)
      await presence.enter('a', entrant('s1'), LONG_MS)
      await fixture.eventually(() => node.changes.length > 0)
      await presence.unwatch('a')
      await presence.leave('a', leaver('s1'), LONG_MS)
      await fixture.quiet()
      expect(node.changes.map(({ channel }) => channel)).toEqual(['a'])
    })

    law('miss nothing between watching and listing', async (fixture, node) => {
      const other = await fixture.join()
      const entering = Promise.all(
        Array.from({ length: 20 }, (_, i) => other.presence.enter('c', entrant(`s${i}`), LONG_MS)),
      )
      await node.presence.watch('c')
      const list = await node.presence.list('c', LIMIT)
      await entering
      await fixture.quiet()
      let at = list.position
      for (const { change } of node.changes) {
        const verdict = judge(at, change.position)
        expect(verdict).not.toBe('hold')
        if (verdict === 'deliver') at = change.position
      }
      expect(at.offset).toBe(20)
    })

    law('see one epoch for as long as they watch, though the channel empties', async (fixture, node) => {
      const { presence } = node
      await presence.watch('c')
      const first = position(await presence.enter('c', entrant('s1'), LONG_MS))
      await presence.leave('c', leaver('s1'), LONG_MS)
      await fixture.advance(SHORT_MS)
      expect(position(await presence.enter('c', entrant('s1'), LONG_MS))).toEqual({ epoch: first.epoch, offset: 3 })
    })
  })
}
