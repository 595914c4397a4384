import type { PresenceSuite } from './suite.js'
import { LONG_MS, SHORT_MS, LIMIT, entrant, position } from './tools.js'

/** How long a member lives, and who takes it out. */
export function lifetimes({ describe, expect, law }: PresenceSuite): void {
  describe('time to live', () => {
    law('has who is not renewed stay until somebody reaps, then leave once, whoever reaps', async (fixture, node) => {
      const other = await fixture.join()
      await other.presence.watch('c')
      await node.presence.enter('c', entrant('s1', { payload: '1' }), SHORT_MS)
      await fixture.advance(SHORT_MS * 1.2)
      expect((await other.presence.list('c', LIMIT)).count).toBe(1)
      await Promise.all([node.presence.reap(['c']), other.presence.reap(['c']), other.presence.reap(['c'])])
      await fixture.eventually(() => other.changes.length === 2)
      await fixture.quiet()
      expect(other.changes.map(({ change }) => [change.kind, change.position.offset, change.count])).toEqual([
        ['join', 1, 1],
        ['leave', 2, 0],
      ])
      expect(other.changes[1]?.change.member).toEqual({ user: 'ada', session: 's1' })
    })

    law('reaps only whose time is over, and says where each channel stands', async (fixture, { presence }) => {
      await presence.enter('a', entrant('dead'), SHORT_MS)
      const { epoch } = position(await presence.enter('a', entrant('alive'), LONG_MS))
      const b = position(await presence.enter('b', entrant('alive'), LONG_MS))
      await fixture.advance(SHORT_MS * 1.2)
      expect(await presence.reap(['b', 'a', 'nobody'])).toEqual([
        { channel: 'b', position: b },
        { channel: 'a', position: { epoch, offset: 3 } },
        { channel: 'nobody', position: { epoch: '', offset: 0 } },
      ])
      expect((await presence.list('a', LIMIT)).members).toEqual([{ user: 'ada', session: 'alive' }])
    })

    law(
      'lives on by renewal, by entering again, and also when it is late but nobody has reaped',
      async (fixture, node) => {
        const { presence } = node
        await presence.enter('c', entrant('s1'), SHORT_MS)
        await presence.enter('c', entrant('s2'), SHORT_MS)
        for (let i = 0; i < 3; i++) {
          await fixture.advance(SHORT_MS * 0.6)
          expect(await presence.renew([{ channel: 'c', members: [{ session: 's1', owner: 1 }] }], SHORT_MS)).toEqual([])
          await presence.enter('c', entrant('s2'), SHORT_MS)
          await presence.reap(['c'])
        }
        await fixture.advance(SHORT_MS * 1.2)
        expect(await presence.renew([{ channel: 'c', members: [{ session: 's1', owner: 1 }] }], SHORT_MS)).toEqual([])
        await presence.reap(['c'])
        expect((await presence.list('c', LIMIT)).members).toEqual([{ user: 'ada', session: 's1' }])
      },
    )

    law('is shortened by a renewal that asks for less', async (fixture, { presence }) => {
      await presence.enter('c', entrant('s1'), LONG_MS)
      await presence.renew([{ channel: 'c', members: [{ session: 's1', owner: 1 }] }], SHORT_MS)
      await fixture.advance(SHORT_MS * 1.2)
      await presence.reap(['c'])
      expect((await presence.list('c', LIMIT)).count).toBe(0)
    })

    law(
      'is not renewed by an owner that has lost the session, nor is that one told to enter',
      async (fixture, node) => {
        const { presence } = node
        await presence.enter('c', entrant('s1', { owner: 2 }), SHORT_MS)
        await fixture.advance(SHORT_MS * 0.6)
        expect(await presence.renew([{ channel: 'c', members: [{ session: 's1', owner: 1 }] }], LONG_MS)).toEqual([])
        await fixture.advance(SHORT_MS * 0.6)
        await presence.reap(['c'])
        expect((await presence.list('c', LIMIT)).count).toBe(0)
      },
    )

    law('names the members that are not there when they are renewed', async (fixture, { presence }) => {
      await presence.enter('a', entrant('s1'), LONG_MS)
      await presence.enter('b', entrant('s2'), SHORT_MS)
      await fixture.advance(SHORT_MS * 1.2)
      await presence.reap(['a', 'b'])
      const member = (session: string) => ({ session, owner: 1 })
      const missing = await presence.renew(
        [
          { channel: 'a', members: [member('s1'), member('s9')] },
          { channel: 'b', members: [member('s2')] },
        ],
        LONG_MS,
      )
      expect(missing).toEqual([
        { channel: 'a', session: 's9' },
        { channel: 'b', session: 's2' },
      ])
    })

    law('takes batches of nothing', async (_, { presence }) => {
      expect(await presence.renew([], LONG_MS)).toEqual([])
      expect(await presence.reap([])).toEqual([])
    })
  })
}
