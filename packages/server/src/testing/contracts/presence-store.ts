import { judge, type Position } from '@org/realtime-protocol'
import type { Entrant, Leaver, PresenceChange, PresenceOutcome, PresenceStore } from '../../ports/index.js'
import type { TestFramework } from './framework.js'

/** One node on the store, with what it was told. */
export interface PresenceNode {
  /** Its end of the store. */
  readonly presence: PresenceStore
  /** What it was told, in order. */
  readonly changes: ReadonlyArray<{ readonly channel: string; readonly change: PresenceChange }>
}

/** What the suite needs of an implementation: made fresh for every test. */
export interface PresenceFixture {
  /** Joins a node. */
  join(): Promise<PresenceNode>
  /** Lets this much time pass for the store, in milliseconds. Real time may do: the suite asks for little. */
  advance(ms: number): Promise<void>
  /** From now on nothing is replicated: what is done is lost in the next lossy failover. */
  cutReplication(): Promise<void>
  /** Has another replication history take over, with or without what came after the cut. */
  failOver(options: { readonly lossy: boolean }): Promise<void>
  /** Waits until a condition holds, or fails in a time that suits the implementation. */
  eventually(condition: () => boolean): Promise<void>
  /** Waits until whatever was on its way to the nodes has arrived. */
  quiet(): Promise<void>
  /** Lets go of everything. */
  dispose(): Promise<void>
}

/** A time to live that nothing here outlives. */
const LONG_MS = 60_000
/** A time to live that can pass for real. */
const SHORT_MS = 400
const LIMIT = 1_000
/** Numbers are as large as those of a node, which takes its time of day. */
const FIRST_NUMBER = 1_763_000_000_000
/** Operations of this suite so far. */
let operations = 0

/**
 * The law of the {@link PresenceStore} port as tests: whoever implements it runs this. PROTOCOL.md §3.9.
 *
 * @param framework `{ describe, expect, test }` of vitest or jest.
 * @param name What is tested, for the title.
 * @param createFixture Makes a store nobody has used yet.
 */
export function presenceStoreContract(
  { describe, expect, test }: TestFramework,
  name: string,
  createFixture: () => Promise<PresenceFixture> | PresenceFixture,
): void {
  function law(title: string, body: (fixture: PresenceFixture, node: PresenceNode) => Promise<void>): void {
    test(title, async () => {
      const fixture = await createFixture()
      try {
        await body(fixture, await fixture.join())
      } finally {
        await fixture.dispose()
      }
    })
  }

  describe(`the presence store ${name}`, () => {
    law('lists nobody at the null position where nobody has been', async (_, { presence }) => {
      expect(await presence.list('c', LIMIT)).toEqual({ position: { epoch: '', offset: 0 }, count: 0, members: [] })
    })

    law('makes who enters a member, at the first position of an epoch', async (_, { presence }) => {
      const { epoch, offset } = position(await presence.enter('c', entrant('s1', { payload: '{"n":1}' }), LONG_MS))
      expect([epoch.length > 0 && epoch.length <= 64, offset]).toEqual([true, 1])
      expect(await presence.list('c', LIMIT)).toEqual({
        position: { epoch, offset: 1 },
        count: 1,
        members: [{ user: 'ada', session: 's1', payload: '{"n":1}' }],
      })
    })

    law('keeps payloads as the text they are, and members without one, and anonymous ones', async (_, { presence }) => {
      await presence.enter('c', entrant('s1', { payload: '{ "ü" :  1e2 }' }), LONG_MS)
      await presence.enter('c', entrant('s2', { user: null }), LONG_MS)
      const { members } = await presence.list('c', LIMIT)
      expect(sorted(members)).toEqual([
        { user: 'ada', session: 's1', payload: '{ "ü" :  1e2 }' },
        { user: null, session: 's2' },
      ])
    })

    law('counts every change: joins, other payloads and leaves, without a hole', async (_, { presence }) => {
      const outcomes = [
        await presence.enter('c', entrant('s1'), LONG_MS),
        await presence.enter('c', entrant('s2'), LONG_MS),
        await presence.enter('c', entrant('s1', { payload: '2' }), LONG_MS),
        await presence.leave('c', leaver('s2'), LONG_MS),
        await presence.leave('c', leaver('s1'), LONG_MS),
      ]
      expect(outcomes.map((outcome) => position(outcome).offset)).toEqual([1, 2, 3, 4, 5])
    })

    law('keeps channels apart', async (_, { presence }) => {
      await presence.enter('a', entrant('s1'), LONG_MS)
      expect(position(await presence.enter('b', entrant('s1'), LONG_MS)).offset).toBe(1)
      await presence.leave('a', leaver('s1'), LONG_MS)
      expect((await presence.list('b', LIMIT)).count).toBe(1)
    })

    law('takes names of channels and sessions as they are', async (_, { presence }) => {
      for (const channel of ['c:{x}', 'a b', '{', 'ü', '__proto__']) {
        await presence.enter(channel, entrant('__proto__'), LONG_MS)
        expect((await presence.list(channel, LIMIT)).members).toEqual([{ user: 'ada', session: '__proto__' }])
      }
    })

    law('takes no change in entering again with the same user and payload', async (fixture, node) => {
      const { presence } = node
      await presence.watch('c')
      const first = await presence.enter('c', entrant('s1', { payload: '1' }), LONG_MS)
      expect(await presence.enter('c', entrant('s1', { payload: '1' }), LONG_MS)).toEqual(first)
      expect(await presence.enter('c', entrant('s1', { payload: '1', owner: 7 }), LONG_MS)).toEqual(first)
      await fixture.quiet()
      expect(node.changes).toHaveLength(1)
    })

    law('takes no change in the leave of somebody who is not there', async (fixture, node) => {
      const { presence } = node
      expect(await presence.leave('c', leaver('s1'), LONG_MS)).toEqual({
        kind: 'done',
        position: { epoch: '', offset: 0 },
      })
      await presence.watch('c')
      const { epoch } = position(await presence.enter('c', entrant('s1'), LONG_MS))
      expect(await presence.leave('c', leaver('s2'), LONG_MS)).toEqual({ kind: 'done', position: { epoch, offset: 1 } })
      await presence.leave('c', leaver('s1'), LONG_MS)
      expect(await presence.leave('c', leaver('s1'), LONG_MS)).toEqual({ kind: 'done', position: { epoch, offset: 2 } })
      await fixture.quiet()
      expect(node.changes).toHaveLength(2)
    })

    law('lists members up to a limit, and counts them always', async (_, { presence }) => {
      for (let i = 0; i < 5; i++) await presence.enter('c', entrant(`s${i}`), LONG_MS)
      expect((await presence.list('c', 5)).members).toHaveLength(5)
      expect(await presence.list('c', 4)).toMatchObject({ count: 5 })
      expect((await presence.list('c', 4)).members).toBeUndefined()
    })

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

      law(
        'count by the owner first: the first of a higher one is later than any of a lower',
        async (_, { presence }) => {
          await presence.enter('c', entrant('s1', { owner: 1, number: LATER }), LONG_MS)
          expect(await presence.enter('c', entrant('s1', { owner: 2, number: 1 }), LONG_MS)).toMatchObject({
            kind: 'done',
          })
          expect(await presence.leave('c', leaver('s1', { owner: 1 }), LONG_MS)).toEqual({ kind: 'superseded' })
          expect((await presence.list('c', LIMIT)).count).toBe(1)
        },
      )

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
            expect(await presence.renew([{ channel: 'c', members: [{ session: 's1', owner: 1 }] }], SHORT_MS)).toEqual(
              [],
            )
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
  })
}

/** Who enters, by the operation that is next unless its number is given. */
function entrant(session: string, fields: Partial<Entrant> = {}): Entrant {
  return { user: 'ada', ...leaver(session), ...fields }
}

/** Who leaves, likewise. */
function leaver(session: string, fields: Partial<Leaver> = {}): Leaver {
  return { session, owner: 1, number: FIRST_NUMBER + ++operations, ...fields }
}

function position(outcome: PresenceOutcome): Position {
  if (outcome.kind !== 'done') throw new Error(`it was ${outcome.kind}`)
  return outcome.position
}

function change(
  kind: PresenceChange['kind'],
  at: Position,
  member: PresenceChange['member'],
  count: number,
): { channel: string; change: PresenceChange } {
  return { channel: 'c', change: { position: at, kind, member, count } }
}

/** By session: the order of a list says nothing. */
function sorted<T extends { readonly session: string }>(members: readonly T[] | undefined): T[] {
  return [...(members ?? [])].sort((a, b) => (a.session < b.session ? -1 : 1))
}
