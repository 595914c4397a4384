import type { Claim, Keeper, SessionStore } from '../../ports/index.js'
import type { TestFramework } from './framework.js'
import { lawOf } from './law.js'

/** One node on the store, with what it was told. */
export interface SessionNode {
  /** Its end of the store. */
  readonly sessions: SessionStore
  /** Which sessions it was told to let go, in order. */
  readonly superseded: ReadonlyArray<{ readonly id: string; readonly owner: number }>
}

/** What the suite needs of an implementation: made fresh for every test. */
export interface SessionFixture {
  /** Joins a node. */
  join(): Promise<SessionNode>
  /** Time to live of a session in this store. Short, if time passes for real. */
  readonly ttlMs: number
  /** Lets this much time pass for the store, in milliseconds. */
  advance(ms: number): Promise<void>
  /** Waits until a condition holds, or fails in a time that suits the implementation. */
  eventually(condition: () => boolean): Promise<void>
  /** Waits until whatever was on its way to the nodes has arrived. */
  quiet(): Promise<void>
  /** Lets go of everything. */
  dispose(): Promise<void>
}

/** Numbers are as large as those of a node, which takes its time of day. */
const FIRST_NUMBER = 1_763_000_000_000
/** Writes of this suite so far. */
let writes = 0

/**
 * The law of the {@link SessionStore} port as tests. PROTOCOL.md §3.2.
 *
 * @param framework `{ describe, expect, test }` of vitest or jest.
 * @param name What is tested, for the title.
 * @param createFixture Makes a store nobody has used yet.
 */
export function sessionStoreContract(
  { describe, expect, test }: TestFramework,
  name: string,
  createFixture: () => Promise<SessionFixture> | SessionFixture,
): void {
  const law = lawOf(test, createFixture, async (fixture) => [fixture, await fixture.join()])

  /** Begins a session of a user, whose next token has the digest `t1`. */
  const begin = ({ sessions }: SessionNode, user: string | null = 'ada'): Promise<Claim> =>
    sessions.claim({ newId: 's1', user, nextDigest: 't1' })

  /** Asks for the session again with a token; the next one is `next`. */
  const resume = (
    { sessions }: SessionNode,
    digest: string,
    next: string,
    user: string | null = 'ada',
  ): Promise<Claim> => sessions.claim({ newId: `new-${next}`, resume: { id: 's1', digest }, user, nextDigest: next })

  describe(`the session store ${name}`, () => {
    law('begins a session under the new id', async (_, node) => {
      expect(await begin(node)).toEqual({ id: 's1', owner: 1, resumed: false })
    })

    law('resumes it with its token, on any node, and counts the owners up', async (fixture, node) => {
      await begin(node)
      const other = await fixture.join()
      expect(await resume(other, 't1', 't2')).toEqual({ id: 's1', owner: 2, resumed: true })
      expect(await resume(node, 't2', 't3')).toEqual({ id: 's1', owner: 3, resumed: true })
    })

    law('resumes the session of an anonymous user', async (_, node) => {
      await begin(node, null)
      expect(await resume(node, 't1', 't2', null)).toMatchObject({ id: 's1', resumed: true })
    })

    law('gives a new session for a wrong token, another user or an id it does not know', async (_, node) => {
      await begin(node)
      expect(await resume(node, 'wrong', 'a')).toEqual({ id: 'new-a', owner: 1, resumed: false })
      expect(await resume(node, 't1', 'b', 'eve')).toEqual({ id: 'new-b', owner: 1, resumed: false })
      expect(await resume(node, 't1', 'c', null)).toEqual({ id: 'new-c', owner: 1, resumed: false })
      const unknown = { newId: 'n', resume: { id: 's9', digest: 't1' }, user: 'ada', nextDigest: 'd' }
      expect(await node.sessions.claim(unknown)).toEqual({ id: 'n', owner: 1, resumed: false })
      expect(await resume(node, 't1', 't2')).toMatchObject({ id: 's1', owner: 2, resumed: true })
    })

    law('keeps the token presented beside the next one until that is confirmed', async (_, node) => {
      await begin(node)
      await resume(node, 't1', 't2')
      // The answer was lost: the client knows t1 only.
      expect(await resume(node, 't1', 't3')).toMatchObject({ owner: 3, resumed: true })
      // t2 was never received by anybody, and t3 has taken its place.
      expect(await resume(node, 't2', 'x')).toMatchObject({ resumed: false })
      expect(await resume(node, 't3', 't4')).toMatchObject({ owner: 4, resumed: true })
      await node.sessions.confirm('s1', 4)
      expect(await resume(node, 't3', 'y')).toMatchObject({ resumed: false })
      expect(await resume(node, 't4', 't5')).toMatchObject({ owner: 5, resumed: true })
    })

    law('ignores the confirmation of an owner that has lost the session', async (_, node) => {
      await begin(node)
      await resume(node, 't1', 't2')
      await node.sessions.confirm('s1', 1)
      expect(await resume(node, 't1', 't3')).toMatchObject({ owner: 3, resumed: true })
    })

    law('tells the other nodes who has taken a session over, and nobody of a new one', async (fixture, node) => {
      const other = await fixture.join()
      await begin(node)
      await fixture.quiet()
      expect([node.superseded, other.superseded]).toEqual([[], []])
      await resume(other, 't1', 't2')
      await fixture.eventually(() => node.superseded.length > 0)
      expect(node.superseded).toEqual([{ id: 's1', owner: 2 }])
      await resume(other, 'wrong', 'x')
      await fixture.quiet()
      expect(node.superseded).toHaveLength(1)
    })

    law('gives two claims at once different owner numbers', async (fixture, node) => {
      await begin(node)
      const other = await fixture.join()
      const claims = await Promise.all([resume(node, 't1', 'a'), resume(other, 't1', 'b')])
      expect(claims.map(({ resumed }) => resumed)).toEqual([true, true])
      expect(claims.map(({ owner }) => owner).sort()).toEqual([2, 3])
      // The token of the later claim is the one that resumes.
      const later = (claims[0]?.owner ?? 0) > (claims[1]?.owner ?? 0) ? 'a' : 'b'
      expect(await resume(node, later, 'c')).toMatchObject({ owner: 4, resumed: true })
    })

    law('forgets a session that nobody renews in time', async (fixture, node) => {
      await begin(node)
      await fixture.advance(fixture.ttlMs * 0.6)
      expect(await resume(node, 't1', 't2')).toMatchObject({ resumed: true })
      await fixture.advance(fixture.ttlMs * 0.6)
      expect(await resume(node, 't2', 't3')).toMatchObject({ owner: 3, resumed: true })
      await fixture.advance(fixture.ttlMs * 1.2)
      expect(await resume(node, 't3', 't4')).toEqual({ id: 'new-t4', owner: 1, resumed: false })
    })

    law('keeps a session that its node renews', async (fixture, node) => {
      const { id, owner } = await begin(node)
      for (let i = 0; i < 3; i++) {
        await fixture.advance(fixture.ttlMs * 0.6)
        await node.sessions.renew([{ id, owner, user: 'ada', digest: 't1', number: 0 }])
      }
      expect(await resume(node, 't1', 't2')).toMatchObject({ owner: 2, resumed: true })
    })

    law('makes the expired record of a session that a node holds again', async (fixture, node) => {
      await begin(node)
      await resume(node, 't1', 't2')
      await fixture.advance(fixture.ttlMs * 1.2)
      await node.sessions.renew([{ id: 's1', owner: 2, user: 'ada', digest: 't2', number: 0 }])
      expect(await resume(node, 't2', 't3', 'eve')).toMatchObject({ resumed: false })
      expect(await resume(node, 't2', 't3')).toEqual({ id: 's1', owner: 3, resumed: true })
    })

    law('makes a record again that knows nothing of the claim, and keeps one of a later claim', async (_, node) => {
      await begin(node)
      await node.sessions.keep(keeper(1), { subscriptions: ['old'] })
      const held = { id: 's1', user: 'ada', number: 0, subscriptions: ['new'], attributes: '{"x":1}' }
      await node.sessions.renew([{ ...held, owner: 4, digest: 't4' }])
      await node.sessions.renew([{ ...held, owner: 3, digest: 't3', subscriptions: [] }])
      expect(await resume(node, 't1', 'a')).toMatchObject({ resumed: false })
      expect(await resume(node, 't3', 'b')).toMatchObject({ resumed: false })
      const { subscriptions, attributes } = held
      expect(await resume(node, 't4', 'c')).toEqual({ id: 's1', owner: 5, resumed: true, subscriptions, attributes })
    })

    law('does not renew for an owner that has lost the session', async (fixture, node) => {
      await begin(node)
      await resume(node, 't1', 't2')
      await fixture.advance(fixture.ttlMs * 0.6)
      await node.sessions.renew([{ id: 's1', owner: 1, user: 'ada', digest: 't1', number: 0 }])
      await fixture.advance(fixture.ttlMs * 0.6)
      expect(await resume(node, 't2', 't3')).toMatchObject({ resumed: false })
    })

    law('ends a session that its holder releases, and not for anybody else', async (_, node) => {
      await begin(node)
      await resume(node, 't1', 't2')
      await node.sessions.release('s1', 1)
      expect(await resume(node, 't2', 't3')).toMatchObject({ owner: 3, resumed: true })
      await node.sessions.release('s1', 3)
      expect(await resume(node, 't3', 't4')).toMatchObject({ resumed: false })
    })

    law('does not bring a session back by a renewal or a write that comes late: it is over', async (fixture, node) => {
      const late = [{ id: 's1', owner: 1, user: 'ada', digest: 't1', number: 0, subscriptions: ['a'] }]
      await begin(node)
      await node.sessions.release('s1', 1)
      await node.sessions.renew(late)
      expect(await node.sessions.keep(keeper(1), { subscriptions: ['a'] })).toBe(false)
      expect(await node.sessions.read('s1')).toBeUndefined()
      expect(await resume(node, 't1', 't2')).toMatchObject({ resumed: false })
      // The record may have expired by the time that it is released.
      await begin(node)
      await fixture.advance(fixture.ttlMs * 1.2)
      await node.sessions.release('s1', 1)
      await node.sessions.renew(late)
      expect(await resume(node, 't1', 't2')).toMatchObject({ resumed: false })
    })

    law('ends a session also where only an earlier claim of it is known', async (_, node) => {
      await begin(node)
      await node.sessions.release('s1', 2)
      expect(await resume(node, 't1', 't2')).toMatchObject({ resumed: false })
    })

    law('begins a session anew under an id that was released, and keeps it', async (fixture, node) => {
      await begin(node)
      await node.sessions.release('s1', 1)
      await begin(node)
      expect(await node.sessions.keep(keeper(1), { subscriptions: ['a'] })).toBe(true)
      await fixture.advance(fixture.ttlMs * 0.6)
      await node.sessions.renew([{ id: 's1', owner: 1, user: 'ada', digest: 't1', number: 0 }])
      await fixture.advance(fixture.ttlMs * 0.6)
      expect(await resume(node, 't1', 't2')).toMatchObject({ owner: 2, resumed: true, subscriptions: ['a'] })
    })

    law(
      'keeps what the server subscribed a session to, and gives it to whoever claims the session',
      async (fixture, node) => {
        await begin(node)
        expect(await node.sessions.keep(keeper(1), { subscriptions: ['a', 'b'] })).toBe(true)
        const other = await fixture.join()
        expect(await resume(other, 't1', 't2')).toEqual({
          id: 's1',
          owner: 2,
          resumed: true,
          subscriptions: ['a', 'b'],
        })
        expect(await other.sessions.keep(keeper(2), { subscriptions: ['b'] })).toBe(true)
        expect((await resume(node, 't2', 't3')).subscriptions).toEqual(['b'])
        expect(await node.sessions.keep(keeper(3), { subscriptions: [] })).toBe(true)
        expect((await resume(node, 't3', 't4')).subscriptions ?? []).toEqual([])
      },
    )

    law('does not let an owner that has lost the session write what it is subscribed to', async (fixture, node) => {
      await begin(node)
      await node.sessions.keep(keeper(1), { subscriptions: ['a'] })
      const other = await fixture.join()
      await resume(other, 't1', 't2')
      expect(await node.sessions.keep(keeper(1), { subscriptions: ['a', 'stale'] })).toBe(false)
      expect((await resume(node, 't2', 't3')).subscriptions).toEqual(['a'])
    })

    law('writes nothing for a session that is not there', async (_, node) => {
      expect(await node.sessions.keep(keeper(1), { subscriptions: ['a'] })).toBe(false)
      expect((await begin(node)).subscriptions ?? []).toEqual([])
      await node.sessions.keep(keeper(1), { subscriptions: ['a'] })
      await node.sessions.release('s1', 1)
      expect(await node.sessions.keep(keeper(1), { subscriptions: ['a'] })).toBe(false)
      const unknown = { newId: 'n', resume: { id: 's1', digest: 't1' }, user: 'ada', nextDigest: 'd' }
      expect((await node.sessions.claim(unknown)).subscriptions ?? []).toEqual([])
    })

    law('makes an expired record again with what the session is subscribed to', async (fixture, node) => {
      await begin(node)
      await fixture.advance(fixture.ttlMs * 1.2)
      await node.sessions.renew([{ id: 's1', owner: 1, user: 'ada', digest: 't1', number: 0, subscriptions: ['a'] }])
      expect((await resume(node, 't1', 't2')).subscriptions).toEqual(['a'])
    })

    law('keeps what is subscribed through a renewal that does not know of it', async (_, node) => {
      await begin(node)
      await node.sessions.keep(keeper(1), { subscriptions: ['a'] })
      await node.sessions.renew([{ id: 's1', owner: 1, user: 'ada', digest: 't1', number: 0 }])
      expect((await resume(node, 't1', 't2')).subscriptions).toEqual(['a'])
    })

    law('keeps attributes as the text they are, and both when a record is made again', async (fixture, node) => {
      await begin(node)
      const attributes = '{ "username" : "Ada 🎈", "n":1e2}'
      expect(await node.sessions.keep(keeper(1), { subscriptions: ['a'], attributes })).toBe(true)
      const other = await fixture.join()
      expect(await resume(other, 't1', 't2')).toMatchObject({ owner: 2, subscriptions: ['a'], attributes })
      await fixture.advance(fixture.ttlMs * 1.2)
      await other.sessions.renew([
        { id: 's1', owner: 2, user: 'ada', digest: 't2', number: 0, subscriptions: ['b'], attributes: '{"x":1}' },
      ])
      const again = await resume(node, 't2', 't3')
      expect(again).toMatchObject({ owner: 3, subscriptions: ['b'], attributes: '{"x":1}' })
    })

    law('writes all that is kept in place of all that was', async (_, node) => {
      await begin(node)
      await node.sessions.keep(keeper(1), { subscriptions: ['a'], attributes: '{"x":1}' })
      await node.sessions.keep(keeper(1), { subscriptions: ['a'] })
      expect((await resume(node, 't1', 't2')).attributes).toBeUndefined()
      await node.sessions.keep(keeper(2), { attributes: '{"x":2}' })
      expect(await resume(node, 't2', 't3')).toEqual({ id: 's1', owner: 3, resumed: true, attributes: '{"x":2}' })
    })

    law('lets the later of two writes of one owner stand, whichever comes first', async (_, node) => {
      await begin(node)
      const [earlier, later] = [keeper(1), keeper(1)]
      expect(await node.sessions.keep(later, { subscriptions: ['b'], attributes: '{"x":2}' })).toBe(true)
      expect(await node.sessions.keep(earlier, { subscriptions: ['a'], attributes: '{"x":1}' })).toBe(false)
      const { subscriptions, attributes } = await resume(node, 't1', 't2')
      expect({ subscriptions, attributes }).toEqual({ subscriptions: ['b'], attributes: '{"x":2}' })
    })

    law('takes a write that is repeated, with what it kept', async (_, node) => {
      await begin(node)
      const once = keeper(1)
      expect(await node.sessions.keep(once, { subscriptions: ['a'] })).toBe(true)
      expect(await node.sessions.keep(once, { subscriptions: ['a'] })).toBe(true)
      expect((await resume(node, 't1', 't2')).subscriptions).toEqual(['a'])
    })

    law('counts the writes of each owner anew, since clocks of nodes differ', async (fixture, node) => {
      await begin(node)
      await node.sessions.keep({ ...keeper(1), number: Number.MAX_SAFE_INTEGER }, { subscriptions: ['a'] })
      const other = await fixture.join()
      await resume(other, 't1', 't2')
      expect(await other.sessions.keep({ ...keeper(2), number: 1 }, { subscriptions: ['b'] })).toBe(true)
      expect((await resume(node, 't2', 't3')).subscriptions).toEqual(['b'])
    })

    law('takes no write that is earlier than what a record was made again with', async (fixture, node) => {
      await begin(node)
      const [earlier, latest] = [keeper(1), keeper(1)]
      await fixture.advance(fixture.ttlMs * 1.2)
      const held = { id: 's1', owner: 1, user: 'ada', digest: 't1', number: latest.number, subscriptions: ['b'] }
      await node.sessions.renew([held])
      expect(await node.sessions.keep(earlier, { subscriptions: ['a'] })).toBe(false)
      expect((await node.sessions.read('s1'))?.subscriptions).toEqual(['b'])
      // That one may have been on its way then.
      expect(await node.sessions.keep(latest, { subscriptions: ['b', 'c'] })).toBe(true)
      expect((await resume(node, 't1', 't2')).subscriptions).toEqual(['b', 'c'])
    })

    law('reads a session on any node, with or without a link, until it is over', async (fixture, node) => {
      const other = await fixture.join()
      expect(await other.sessions.read('s1')).toBeUndefined()
      await begin(node)
      expect(await other.sessions.read('s1')).toEqual({ id: 's1', user: 'ada' })
      await node.sessions.keep(keeper(1), { subscriptions: ['a'], attributes: '{"x":1}' })
      const record = { id: 's1', user: 'ada', subscriptions: ['a'], attributes: '{"x":1}' }
      expect(await other.sessions.read('s1')).toEqual(record)
      await node.sessions.release('s1', 1)
      expect(await other.sessions.read('s1')).toBeUndefined()
    })

    law('reads the session of an anonymous user, and does not renew what it reads', async (fixture, node) => {
      await begin(node, null)
      await fixture.advance(fixture.ttlMs * 0.6)
      expect(await node.sessions.read('s1')).toEqual({ id: 's1', user: null })
      await fixture.advance(fixture.ttlMs * 0.6)
      expect(await node.sessions.read('s1')).toBeUndefined()
    })

    law('takes renewals of nothing and releases of what is gone', async (_, node) => {
      await node.sessions.renew([])
      await node.sessions.release('s1', 1)
      await node.sessions.confirm('s1', 1)
      expect(await begin(node)).toEqual({ id: 's1', owner: 1, resumed: false })
    })
  })
}

/** Who writes, by the number that is next. */
function keeper(owner: number): Keeper {
  return { id: 's1', owner, number: FIRST_NUMBER + ++writes }
}
