import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, startRedis, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import type { PresenceChange } from '../../src/index.js'
import { systemClock } from '../../src/platform/system-clock.js'
import { systemRandom } from '../../src/platform/system-random.js'
import type { LeaseTimes } from '../../src/redis/node-registry.js'
import { RedisStores, STORE_LIBRARIES } from '../../src/redis/redis-stores.js'
import { deafNode } from '../../src/testing/index.js'
import { lineTo } from './support/line.js'
import { keepHistory, REPLACEABLE, replaceHistory } from './support/histories.js'
import { eventually, sleep, storesOn } from './support/stores.js'

/** Leases that can end for real. */
const LEASES: LeaseTimes = { leaseMs: 800, renewMs: 100 }
const LONG_MS = 60_000

let redis: RedisServer
const backends: Array<ReturnType<typeof storesOn>> = []
beforeAll(async () => {
  redis = await startRedis({ settings: REPLACEABLE })
})
afterAll(async () => {
  await Promise.all(backends.map((backend) => backend.dispose()))
  await redis.stop()
})

/** Three nodes of a backend of their own, each with what it was told. */
async function three(leases?: LeaseTimes) {
  const backend = storesOn([redis], { sessionTtlMs: LONG_MS, ...(leases ? { leases } : {}) })
  backends.push(backend)
  const join = async () => {
    const superseded: Array<{ id: string; owner: number }> = []
    const changes: PresenceChange[] = []
    const node = await backend.join({
      superseded: (id, owner) => void superseded.push({ id, owner }),
      presenceChanged: (_, change) => void changes.push(change),
    })
    const { sessions, presence, control } = node.stores
    return { ...node, sessions, presence, control, superseded, changes }
  }
  return { a: await join(), b: await join(), c: await join(), ...backend }
}

describe('a session', () => {
  const begin = { newId: 's', user: 'ada', nextDigest: 't1' }
  const resume = (digest: string, nextDigest: string) => ({
    newId: `new ${nextDigest}`,
    resume: { id: 's', digest },
    user: 'ada',
    nextDigest,
  })

  test('that two nodes race for is held by one in the end, and the other is told', async () => {
    const { a, b, c } = await three()
    for (let round = 0; round < 20; round++) {
      const id = `s${round}`
      await c.sessions.claim({ ...begin, newId: id })
      const race = (next: string) => ({ ...begin, resume: { id, digest: 't1' }, newId: 'none', nextDigest: next })
      const [first, second] = await Promise.all([a.sessions.claim(race('a')), b.sessions.claim(race('b'))])
      expect([first.owner, second.owner].sort()).toEqual([2, 3])
      const [loser, winner] = first.owner < second.owner ? [a, b] : [b, a]
      await eventually(() => loser.superseded.some((told) => told.id === id && told.owner === 3))
      expect(winner.superseded.filter((told) => told.id === id && told.owner > 3)).toEqual([])
      await eventually(() => c.superseded.some((told) => told.id === id))
      expect(await loser.sessions.keep({ id, owner: 2, number: 1 }, { attributes: '{}' })).toBe(false)
      expect(await winner.sessions.keep({ id, owner: 3, number: 1 }, { attributes: '{}' })).toBe(true)
    }
  })

  test.each(['t1', 't2'])('whose node died before the claim was confirmed resumes with %s', async (token) => {
    const { a, b } = await three()
    await a.sessions.claim(begin)
    await a.sessions.claim(resume('t1', 't2'))
    await a.crash()
    expect(await b.sessions.claim(resume(token, 't3'))).toEqual({ id: 's', owner: 3, resumed: true })
  })

  test('is claimed once by a claim that is sent twice, since its answer was lost', async () => {
    const { a, b } = await three()
    await a.sessions.claim(begin)
    expect(await b.sessions.claim(resume('t1', 't2'))).toMatchObject({ owner: 2 })
    expect(await b.sessions.claim(resume('t1', 't2'))).toMatchObject({ owner: 2 })
    await a.sessions.claim(begin)
    expect(await b.sessions.claim(resume('t2', 't3'))).toMatchObject({ owner: 3, resumed: true })
  })

  test('is let go at the next renewal by a node that missed the word of its loss', async () => {
    const { a, line } = await three().then((all) => ({ ...all, line: all.a.line }))
    await a.sessions.claim(begin)
    await redis.command('HINCRBY', line.key('s', 's'), 'o', '4')
    await a.sessions.renew([{ id: 's', owner: 1, user: 'ada', digest: 't1', number: 0 }])
    expect(a.superseded).toEqual([{ id: 's', owner: 5 }])
  })

  test('of more than one batch of renewals is made again when Redis has lost all of them', async () => {
    const { a, b } = await three()
    const held = Array.from({ length: 450 }, (_, i) => ({
      id: `s${i % 2 === 0 ? i : `{x}${i}`}`,
      owner: 2,
      user: 'ada',
      digest: `t${i}`,
      number: 0,
      attributes: `{"n":${i}}`,
    }))
    await a.sessions.renew(held)
    for (const { id, digest, attributes } of held) {
      const claim = await b.sessions.claim({ newId: 'none', resume: { id, digest }, user: 'ada', nextDigest: 'x' })
      expect(claim).toEqual({ id, owner: 3, resumed: true, attributes })
    }
  })
})

describe('the members of a node that died', () => {
  const enter = (session: string, owner = 1) => ({ session, user: session, owner, number: 1 })
  const leaves = (changes: readonly PresenceChange[]) =>
    changes.filter(({ kind }) => kind === 'leave').map(({ member }) => member.session)

  test.concurrent('leave once when its lease has ended, long before their own time, though two nodes reap', async () => {
    const { a, b, c } = await three(LEASES)
    for (const node of [b, c]) await node.presence.watch('room')
    await b.presence.enter('room', enter('stays'), LONG_MS)
    for (let i = 0; i < 20; i++) await a.presence.enter('room', enter(`dies${i}`), LONG_MS)
    // Nobody is taken for dead before the nodes have been there for a lease.
    await sleep(LEASES.leaseMs)
    await a.crash()
    await eventually(() => [b, c].every(({ changes }) => leaves(changes).length >= 20), 3_000)
    await Promise.all([b, c].map((node) => node.presence.reap(['room'])))
    await sleep(LEASES.renewMs * 2)
    for (const { changes } of [b, c]) {
      expect(new Set(leaves(changes)).size).toBe(20)
      expect(changes.map(({ position }) => position.offset)).toEqual(Array.from({ length: 41 }, (_, i) => i + 1))
    }
    expect((await c.presence.list('room', 10)).members).toEqual([{ session: 'stays', user: 'stays' }])
  })

  test.concurrent('stay when they have entered on another node by then, or are renewed there', async () => {
    const { a, b, c } = await three(LEASES)
    await c.presence.watch('room')
    await a.presence.enter('room', enter('entered'), LONG_MS)
    await a.presence.enter('room', enter('renewed'), LONG_MS)
    await a.presence.enter('room', enter('dead'), LONG_MS)
    await sleep(LEASES.leaseMs)
    await a.crash()
    await b.presence.enter('room', enter('entered', 2), LONG_MS)
    await b.presence.renew([{ channel: 'room', members: [{ session: 'renewed', owner: 2 }] }], LONG_MS)
    await eventually(() => leaves(c.changes).length > 0, 3_000)
    await sleep(LEASES.renewMs * 3)
    expect(leaves(c.changes)).toEqual(['dead'])
  })

  test.concurrent('of a node that left in order stay for their own time', async () => {
    const { a, b } = await three(LEASES)
    await b.presence.watch('room')
    await a.presence.enter('room', enter('s'), LONG_MS)
    await sleep(LEASES.leaseMs)
    await a.leave()
    await sleep(LEASES.leaseMs * 2)
    await b.presence.reap(['room'])
    expect((await b.presence.list('room', 10)).count).toBe(1)
  })

  test.concurrent('of a node that stood still and lives again are not reaped any more, whoever has not heard of it yet', async () => {
    const backend = storesOn([redis], { sessionTtlMs: LONG_MS })
    backends.push(backend)
    const still = await backend.join({}, { leaseMs: 300, renewMs: LONG_MS })
    const { presence } = (await backend.join({}, { leaseMs: 2_400, renewMs: 1_000 })).stores
    await presence.watch('room')
    const { stores, line } = still
    await stores.presence.enter('room', enter('s'), LONG_MS)
    const count = async () => (await presence.list('room', 10)).count
    await eventually(async () => (await count()) === 0, 5_000)
    await line.call('nodes.renew', [line.partitionKey('n', 0)], [stores.control.node, LONG_MS, LONG_MS, 'mark'])
    await stores.presence.enter('room', { ...enter('s'), number: 2 }, LONG_MS)
    await presence.reap(['room'])
    expect(await count()).toBe(1)
  })

  test.concurrent('are not among the other nodes, once its lease has ended', async () => {
    const { a, b, c } = await three(LEASES)
    await c.crash()
    expect((await a.control.others()).length).toBe(2)
    await eventually(async () => (await a.control.others()).length === 1)
    expect(await a.control.others()).toEqual([b.control.node])
  })

  test('stay while nobody could renew a lease: Redis was away, not the nodes', async () => {
    const { b, c, a } = await three(LEASES)
    for (const node of [b, c]) await node.presence.watch('room')
    await a.presence.enter('room', enter('s'), LONG_MS)
    await sleep(LEASES.leaseMs)
    redis.pause()
    await sleep(LEASES.leaseMs * 2)
    redis.resume()
    await sleep(LEASES.leaseMs * 2)
    expect([...leaves(b.changes), ...leaves(c.changes)]).toEqual([])
    expect((await c.presence.list('room', 10)).count).toBe(1)
  })
})

describe('the other nodes', () => {
  test('are all there at once after Redis has lost who was there, but for one that died meanwhile', async () => {
    const { a, b, c } = await three(LEASES)
    expect((await a.control.others()).length).toBe(2)
    await c.crash()
    await redis.command('FLUSHALL')
    // Whichever renews first: the set is new, and says nothing of who was in the old one.
    expect([...(await a.control.others())].sort()).toEqual([b.control.node, c.control.node].sort())
    await sleep(LEASES.leaseMs * 2)
    expect(await a.control.others()).toEqual([b.control.node])
    expect(await b.control.others()).toEqual([a.control.node])
  })
})

describe('presence', () => {
  test('of a channel whose 2,500 members are over empties, in steps that none of them outlives', async () => {
    const { a, b } = await three()
    await b.presence.watch('crowd')
    const crowd = Array.from({ length: 2_500 }, (_, i) => ({ session: `s${i}`, user: null, owner: 1, number: 1 }))
    // As many at a time as the line takes.
    for (let i = 0; i < crowd.length; i += 500) {
      await Promise.all(crowd.slice(i, i + 500).map((each) => a.presence.enter('crowd', each, 1)))
    }
    await sleep(20)
    const [head] = await a.presence.reap(['crowd'])
    expect(head?.position.offset).toBe(5_000)
    await eventually(() => b.changes.length === 5_000)
    expect(b.changes.at(-1)).toMatchObject({ kind: 'leave', count: 0 })
    expect((await a.presence.list('crowd', 10)).members).toEqual([])
  })

  test('renews and misses members over more than one batch', async () => {
    const { a } = await three()
    const renewals = Array.from({ length: 300 }, (_, i) => ({
      channel: `c${i}`,
      members: Array.from({ length: i === 0 ? 1_200 : 4 }, (_, j) => ({ session: `s${j}`, owner: 1 })),
    }))
    for (const { channel } of renewals) {
      await a.presence.enter(channel, { session: 's0', user: 'ada', owner: 1, number: 1 }, LONG_MS)
    }
    const missing = await a.presence.renew(renewals, LONG_MS)
    const expected = renewals.flatMap(({ channel, members }) =>
      members.slice(1).map(({ session }) => ({ channel, session })),
    )
    expect(missing).toEqual(expected)
  })

  test('that a failover without loss has taken over is listed in another epoch before anything changes', async () => {
    const { a } = await three()
    await a.presence.enter('room', { session: 's', user: 'ada', owner: 1, number: 1 }, LONG_MS)
    const before = await a.presence.list('room', 10)
    await keepHistory([redis])
    await replaceHistory([redis], { lossy: false })
    const after = await a.presence.list('room', 10)
    expect(after).toEqual({ ...before, position: { epoch: after.position.epoch, offset: 1 } })
    expect(after.position.epoch).not.toBe(before.position.epoch)
  })
})

test('a Redis that is full begins nothing, and ends nothing: who is there stays, resumes later, and can leave', async () => {
  const { a, b } = await three()
  const enter = (session: string, number = 1) => ({ session, user: 'ada', owner: 1, number })
  await a.sessions.claim({ newId: 's', user: 'ada', nextDigest: 't1' })
  for (const session of ['stays', 'leaves', 'over']) {
    await a.presence.enter('room', enter(session), session === 'over' ? 1 : LONG_MS)
  }
  await redis.command('CONFIG', 'SET', 'maxmemory', '1')
  try {
    const claim = b.sessions.claim({ newId: 'new', user: 'eve', nextDigest: 't' })
    await expect(claim).rejects.toThrow()
    await expect(b.presence.enter('room', enter('new'), LONG_MS)).rejects.toThrow()
    await a.sessions.renew([{ id: 's', owner: 1, user: 'ada', digest: 't1', number: 0 }])
    await a.sessions.confirm('s', 1)
    const members = [{ session: 'stays', owner: 1 }]
    expect(await a.presence.renew([{ channel: 'room', members }], LONG_MS)).toEqual([])
    await a.presence.leave('room', enter('leaves', 2), LONG_MS)
    await b.presence.reap(['room'])
    expect((await b.presence.list('room', 10)).members).toEqual([{ session: 'stays', user: 'ada' }])
    expect(await b.control.others()).toHaveLength(2)
  } finally {
    await redis.command('CONFIG', 'SET', 'maxmemory', '0')
  }
})

test('a node that was late for longer than its lease says again what it has: it may have been taken for dead', async () => {
  const backend = storesOn([redis], { sessionTtlMs: LONG_MS })
  backends.push(backend)
  let resyncs = 0
  const leases = { leaseMs: 1_600, renewMs: 100 }
  const node = await backend.join({ resync: () => void (resyncs += 1) }, leases)
  await node.stores.control.others()
  redis.pause()
  await sleep(leases.leaseMs / 4)
  redis.resume()
  await sleep(leases.leaseMs)
  expect(resyncs).toBe(0)
  redis.pause()
  await sleep(leases.leaseMs * 1.5)
  redis.resume()
  await eventually(() => resyncs > 0)
  await sleep(leases.leaseMs)
  expect(resyncs).toBe(1)
})

test('a node whose Redis was never there leaves without waiting for it', async () => {
  const line = lineTo([{ url: `redis://127.0.0.1:${await freePort()}` }], STORE_LIBRARIES)
  const ports = { clock: systemClock, random: systemRandom }
  const stores = new RedisStores({ line, ...ports, handler: deafNode, sessionTtlMs: LONG_MS })
  stores.sessions.read('s').catch(() => undefined)
  await sleep(200)
  const began = performance.now()
  await stores.close()
  // A call that waits does so for 5 s.
  expect(performance.now() - began).toBeLessThan(4_900)
  await line.close()
})

test('nothing is kept for ever: every key has an end', async () => {
  const { a, keyPrefix } = await three()
  const ada = { session: 's', user: 'ada', owner: 1, number: 1 }
  await a.sessions.claim({ newId: 's', user: 'ada', nextDigest: 't' })
  await a.sessions.keep({ id: 's', owner: 1, number: 1 }, { attributes: '{"a":1}' })
  await a.sessions.renew([{ id: 'other', owner: 1, user: null, digest: 't', number: 0 }])
  await a.presence.enter('room', ada, LONG_MS)
  await a.presence.leave('left', ada, LONG_MS)
  await a.presence.reap(['room', 'left', 'never'])
  const all = (await redis.command('KEYS', `${keyPrefix}*`)) as string[]
  // What the layout of the keys is, is known for as long as there are keys.
  const keys = all.filter((key) => !key.endsWith(':layout'))
  // Two sessions, two channels with two keys each, and the leases.
  expect(keys.length).toBe(7)
  for (const key of keys) {
    const ms = Number(await redis.command('PTTL', key))
    expect(ms, key).toBeGreaterThan(0)
    expect(ms, key).toBeLessThanOrEqual(150_000)
  }
})
