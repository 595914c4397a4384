import type { HistoryPage } from '../../../ports/index.js'
import type { BrokerSuite } from './suite.js'
import { KEEP, NULL, series } from './tools.js'

/** Reading pages of the log. */
export function reading({ describe, expect, law }: BrokerSuite): void {
  describe('reads history', () => {
    const ids = (page: HistoryPage | undefined) => page?.publications.map(({ offset }) => offset)

    law('of a channel nobody has written to as an empty page', async (_, { history }) => {
      for (const query of [{ limit: 5 }, { after: NULL, limit: 5 }, { before: NULL, limit: 5 }]) {
        expect(await history(query)).toEqual({ head: NULL, publications: [], more: false })
      }
      expect(await history({ after: { epoch: 'gone.gone', offset: 1 }, limit: 5 })).toBeUndefined()
    })

    law('the latest messages when no position is named', async (_, { put, history }) => {
      const { position } = await series(put, 7)
      const page = await history({ limit: 3 })
      expect(ids(page)).toEqual([5, 6, 7])
      expect(page).toMatchObject({ head: position, more: true })
      expect(await history({ limit: 7 })).toMatchObject({ more: false })
    })

    law('forwards, page by page', async (_, { put, history }) => {
      const { position } = await series(put, 7)
      const pages: Array<[number[] | undefined, boolean | undefined]> = []
      for (const offset of [0, 3, 6, 7]) {
        const page = await history({ after: { ...position, offset }, limit: 3 })
        pages.push([ids(page), page?.more])
      }
      expect(pages).toEqual([
        [[1, 2, 3], true],
        [[4, 5, 6], true],
        [[7], false],
        [[], false],
      ])
    })

    law('backwards, page by page', async (_, { put, history }) => {
      const { position } = await series(put, 7)
      const pages: Array<[number[] | undefined, boolean | undefined]> = []
      for (const offset of [7, 4, 1, 0]) {
        const page = await history({ before: { ...position, offset }, limit: 3 })
        pages.push([ids(page), page?.more])
      }
      expect(pages).toEqual([
        [[4, 5, 6], true],
        [[1, 2, 3], false],
        [[], false],
        [[], false],
      ])
    })

    law('only as far back as the log is kept', async (_, { put, history }) => {
      const { position } = await series(put, 9, { retention: { ...KEEP, messages: 4 } })
      const page = await history({ before: { ...position, offset: 8 }, limit: 10 })
      expect([ids(page), page?.more]).toEqual([[6, 7], false])
      expect(await history({ before: { ...position, offset: 3 }, limit: 10 })).toMatchObject({
        publications: [],
        more: false,
      })
      expect(ids(await history({ after: NULL, limit: 2 }))).toEqual([6, 7])
      expect(ids(await history({ after: { ...position, offset: 5 }, limit: 2 }))).toEqual([6, 7])
    })

    law(
      'not on from a position whose followers are gone, nor from one that is not part of it',
      async (_, { put, history }) => {
        const { position } = await series(put, 9, { retention: { ...KEEP, messages: 4 } })
        expect(await history({ after: { ...position, offset: 4 }, limit: 2 })).toBeUndefined()
        expect(await history({ after: { ...position, offset: 10 }, limit: 2 })).toBeUndefined()
        expect(await history({ before: { ...position, offset: 10 }, limit: 2 })).toBeUndefined()
        expect(await history({ before: { epoch: 'gone.gone', offset: 6 }, limit: 2 })).toBeUndefined()
      },
    )

    law('across a failover, under the current epoch', async (fixture, { put, history }) => {
      const { position } = await series(put, 3)
      await fixture.failOver({ lossy: false })
      const next = await put('m4')
      const page = await history({ after: { ...position, offset: 2 }, limit: 9 })
      expect(page?.head).toEqual(next.position)
      expect(ids(page)).toEqual([3, 4])
    })
  })
}
