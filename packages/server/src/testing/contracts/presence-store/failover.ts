import { judge } from '@org/realtime-protocol'
import type { PresenceSuite } from './suite.js'
import { LONG_MS, LIMIT, entrant, position, sorted } from './tools.js'

/** What another history knows. */
export function failover({ describe, expect, law }: PresenceSuite): void {
  describe('after a failover', () => {
    law('without loss has the same members, in another epoch', async (fixture, { presence }) => {
      const before = position(await presence.enter('c', entrant('s1', { payload: '1' }), LONG_MS))
      await fixture.failOver({ lossy: false })
      const after = position(await presence.enter('c', entrant('s2'), LONG_MS))
      expect(after.epoch).not.toBe(before.epoch)
      const { position: at, members } = await presence.list('c', LIMIT)
      expect([at, sorted(members)]).toEqual([
        after,
        [
          { user: 'ada', session: 's1', payload: '1' },
          { user: 'ada', session: 's2' },
        ],
      ])
    })

    law('with loss names what is missing, and never gives a position out again', async (fixture, { presence }) => {
      await presence.enter('c', entrant('old'), LONG_MS)
      await fixture.cutReplication()
      const lost = position(await presence.enter('c', entrant('lost'), LONG_MS))
      await fixture.failOver({ lossy: true })
      const members = ['old', 'lost'].map((session) => ({ session, owner: 1 }))
      expect(await presence.renew([{ channel: 'c', members }], LONG_MS)).toEqual([{ channel: 'c', session: 'lost' }])
      const again = position(await presence.enter('c', entrant('lost'), LONG_MS))
      expect(judge(lost, again)).toBe('hold')
    })
  })
}
