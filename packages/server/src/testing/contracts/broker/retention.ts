import type { BrokerSuite } from './suite.js'
import { given, KEEP, NULL, series, SHORT_MS } from './tools.js'

/** What is kept, and how long. */
export function retention({ describe, expect, law }: BrokerSuite): void {
  describe('keeps a log', () => {
    law('of so many messages', async (_, { put, recover }) => {
      await series(put, 6, { retention: { ...KEEP, messages: 4 } })
      expect((await recover('start')).publications.map(({ offset }) => offset)).toEqual([3, 4, 5, 6])
    })

    law('of so many bytes of data, counted in UTF-8', async (_, { put, recover }) => {
      const payload = JSON.stringify('é'.repeat(49))
      expect(Buffer.byteLength(payload)).toBe(100)
      await series(put, 6, { payload, retention: { ...KEEP, bytes: 250 } })
      expect((await recover('start')).publications.map(({ offset }) => offset)).toEqual([5, 6])
    })

    law('up to an age that is judged when it is read', async (fixture, { put, recover, history }) => {
      const retention = { ...KEEP, ageMs: SHORT_MS }
      const { position } = await series(put, 2, { retention })
      await fixture.advance(SHORT_MS + 50)
      expect(given(await recover({ ...position, offset: 0 }))).toEqual({
        position,
        head: position,
        gap: { reason: 'trimmed', from: 1, to: 2 },
        publications: [],
      })
      expect((await history({ limit: 5 }))?.publications).toEqual([])
      const next = await put('m3', { retention })
      expect(next.position).toEqual({ ...position, offset: 3 })
      expect((await recover('start')).publications.map(({ offset }) => offset)).toEqual([3])
    })

    law('for a time without publishes, then forgets it with its epoch', async (fixture, { put, recover }) => {
      const retention = { ...KEEP, ageMs: SHORT_MS, ttlMs: SHORT_MS }
      const { position } = await put('a', { retention })
      await fixture.advance(SHORT_MS / 2)
      const renewed = await put('b', { retention })
      expect(renewed.position).toEqual({ ...position, offset: 2 })
      await fixture.advance(SHORT_MS / 2 + 50)
      expect((await recover(undefined)).head).toEqual(renewed.position)
      await fixture.advance(SHORT_MS)
      expect((await recover(undefined)).head).toEqual(NULL)
      expect((await recover(renewed.position)).gap).toEqual({ reason: 'epoch', from: 2, to: 1 })
      const anew = await put('c', { retention })
      expect(anew.position.offset).toBe(1)
      expect(anew.position.epoch).not.toBe(position.epoch)
    })
  })
}
