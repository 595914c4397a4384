import type { PresenceSuite } from './suite.js'
import { LONG_MS, LIMIT, entrant, leaver, position, sorted } from './tools.js'

/** Who is a member, and what is a change. */
export function membership({ expect, law }: PresenceSuite): void {
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
}
