import { describe, expect, test } from 'vitest'
import type { SessionStore } from '../../src/index.js'
import type { MemoryLink } from '../support/memory-link.js'
import { world } from '../support/world.js'

/** Two servers on one backend that can be told to take no releases; a token is the id of a user. */
function kept(limits: { readonly connections?: number; readonly sessionTtlMs?: number } = {}) {
  const store = { isAway: false, releases: [] as number[] }
  const w = world({
    authenticate: ({ token }) => ({ user: token ? { id: token } : null }),
    limits,
    wrap: (backend) => ({
      join(handler) {
        const node = backend.join(handler)
        const sessions: SessionStore = Object.assign(Object.create(node.sessions) as SessionStore, {
          release: async (id: string, owner: number) => {
            store.releases.push(w.clock.now())
            if (store.isAway) throw new Error('Redis is away')
            await node.sessions.release(id, owner)
          },
        })
        return { ...node, sessions }
      },
    }),
  })
  const [a, b] = [w.server, w.node()] as const
  return {
    ...w,
    a,
    b,
    store,
    /** Whether the session of a link can be resumed. */
    async resume(link: MemoryLink, token: string, to = b) {
      const again = await w.connected(to, { token, session: link.only('connected').session })
      await again.cut()
      return again.only('connected').resumed
    },
    async kick(user: string) {
      const outcome = a.disconnect({ user })
      await w.clock.settle()
      await outcome
    },
  }
}

describe('a session that is over while the store cannot be reached', () => {
  const ends = {
    'that was sent away': ({ kick }: ReturnType<typeof kept>) => kick('ada'),
    'that was sent away between two links': async ({ kick }: ReturnType<typeof kept>, link: MemoryLink) => {
      await link.cut()
      await kick('ada')
    },
    'that said goodbye': (_: unknown, link: MemoryLink) => link.say({ type: 'goodbye' }),
  }
  test.each(Object.keys(ends) as (keyof typeof ends)[])('is over once it is back: one %s', async (how) => {
    const w = kept()
    const link = await w.connected(w.a, { token: 'ada' })
    w.store.isAway = true
    await ends[how](w, link)
    await w.clock.advance(10_000)
    w.store.isAway = false
    await w.clock.advance(4_000)
    expect(await w.resume(link, 'ada')).toBe(false)
    expect(w.clock.now() - (w.store.releases.at(-1) ?? 0)).toBeLessThanOrEqual(4_000)
  })

  test('is over on its own node at once', async () => {
    const w = kept()
    const link = await w.connected(w.a, { token: 'ada' })
    w.store.isAway = true
    await w.kick('ada')
    expect(await w.resume(link, 'ada', w.a)).toBe(false)
  })

  test('is over on every node at once, when it is the session that was sent away', async () => {
    const w = kept()
    const link = await w.connected(w.a, { token: 'ada' })
    const { id } = link.only('connected').session
    w.store.isAway = true
    const outcome = w.a.disconnect({ session: id })
    await w.clock.settle()
    expect(await outcome).toEqual({ sessions: 1, complete: true })
    expect(await w.resume(link, 'ada', w.b)).toBe(false)
  })

  test('is resumed elsewhere, when it was sent away to come back', async () => {
    const w = kept()
    const link = await w.connected(w.a, { token: 'ada' })
    const outcome = w.a.disconnect({ session: link.only('connected').session.id }, { code: 4001 })
    await w.clock.settle()
    await outcome
    expect(await w.resume(link, 'ada', w.b)).toBe(true)
  })

  test('is ended at once by the word that the store may be back', async () => {
    const w = kept()
    const link = await w.connected(w.a, { token: 'ada' })
    w.store.isAway = true
    await w.kick('ada')
    await w.clock.advance(10_000)
    w.store.isAway = false
    await w.failOver()
    expect(await w.resume(link, 'ada')).toBe(false)
  })

  test('is tried less and less often, and no more once its record has run out', async () => {
    const w = kept({ sessionTtlMs: 60_000 })
    await w.connected(w.a, { token: 'ada' })
    w.store.isAway = true
    await w.kick('ada')
    await w.clock.advance(60_000 + 4_000)
    const times = w.store.releases
    const waits = times.map((time, i) => time - (times[i - 1] ?? time)).slice(1)
    expect(waits[0]).toBeLessThanOrEqual(1_000)
    expect(waits.at(-1)).toBeGreaterThanOrEqual(3_000)
    expect(times.length).toBeLessThan(30)
    const tried = times.length
    await w.failOver()
    await w.clock.advance(120_000)
    expect(times.length).toBe(tried)
    expect(
      w.logger.lines.filter(({ message, level }) => level === 'error' && message.includes('session store')),
    ).toHaveLength(1)
  })

  test('is tried once more when its server closes, which leaves nothing behind', async () => {
    const w = kept()
    const link = await w.connected(w.a, { token: 'ada' })
    w.store.isAway = true
    await w.kick('ada')
    w.store.isAway = false
    await w.a.close()
    expect(await w.resume(link, 'ada')).toBe(false)
    w.store.isAway = true
    const other = await w.connected(w.b, { token: 'bob' })
    await other.say({ type: 'goodbye' })
    await w.b.close()
    await w.clock.settle()
    expect(w.clock.pending).toBe(0)
  })

  test('is known up to a bound: the one that has waited for longest is left to its time, and that is said', async () => {
    const w = kept({ connections: 2 })
    const links = []
    w.store.isAway = true
    for (const token of ['ada', 'bob', 'eve']) {
      links.push([token, await w.connected(w.a, { token })] as const)
      await w.kick(token)
    }
    w.store.isAway = false
    expect(w.logger.of('warn')).toContainEqual(expect.stringContaining('too many sessions'))
    await w.clock.advance(4_000)
    const resumed = []
    for (const [token, link] of links) resumed.push(await w.resume(link, token))
    expect(resumed).toEqual([true, false, false])
  })

  test('that somebody else holds by then is not ended, and resumed here as ever', async () => {
    const w = kept()
    const link = await w.connected(w.a, { token: 'ada' })
    w.store.isAway = true
    await link.say({ type: 'goodbye' })
    const other = await w.connected(w.b, { token: 'ada', session: link.only('connected').session })
    expect(other.only('connected').resumed).toBe(true)
    expect(await w.resume(other, 'ada', w.a)).toBe(true)
    w.store.isAway = false
    await w.clock.advance(4_000)
    expect(await w.resume(other, 'ada')).toBe(true)
  })
})
