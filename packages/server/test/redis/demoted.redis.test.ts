import { afterEach, expect, test } from 'vitest'
import { startRedis, startReplica, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import type { Retention } from '../../src/index.js'
import { STORE_LIBRARIES } from '../../src/redis/redis-stores.js'
import { joinNode } from './support/broker.js'
import { lineTo } from './support/line.js'
import { storesOn } from './support/stores.js'

const KEEP: Retention = { messages: 1_000, ageMs: 300_000, bytes: 1_048_576, ttlMs: 3_600_000 }
const LONG_MS = 60_000

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function pair(): Promise<{ readonly master: RedisServer; readonly replica: RedisServer }> {
  const master = await startRedis()
  const replica = await startReplica(master)
  ends.push(() => Promise.all([master.stop(), replica.stop()]))
  return { master, replica }
}

function nodeOn(server: RedisServer) {
  const node = joinNode([server], { redis: { deadlineMs: 1_000 } })
  ends.push(() => node.close())
  return node.broker
}

const promote = (server: RedisServer) => server.command('REPLICAOF', 'NO', 'ONE')
/** As a replica whose master cannot be reached: it has what it had. */
const demote = (server: RedisServer) => server.command('REPLICAOF', '127.0.0.1', 1)

test('a master that became a replica, and lags, tells nobody a gap: it is not read any more', async () => {
  const { master, replica } = await pair()
  const [old, heir] = [nodeOn(master), nodeOn(replica)]
  const publish = (broker: typeof old, id: string) =>
    broker.publish({ channel: 'c', id, payload: '1', retention: KEEP })
  await publish(old, 'm1')
  await expect.poll(() => replica.command('DBSIZE')).toBe(await master.command('DBSIZE'))
  await promote(replica)
  await demote(master)
  const stored = await publish(heir, 'm2')
  if (stored.kind !== 'stored') throw new Error(stored.kind)
  // Once it is known for longer than it may be taken for granted.
  await new Promise((resolve) => setTimeout(resolve, 150))
  await expect(old.recover('c', stored.position, 10)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await expect(old.history('c', { after: stored.position, limit: 10 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect((await heir.recover('c', stored.position, 10)).gap).toBeUndefined()
})

test('a master that became a replica, and lags, says of no session, member or node that it is there, nor that it is not', async () => {
  const { master, replica } = await pair()
  const on = storesOn([master], { redis: { deadlineMs: 1_000 } })
  ends.push(() => on.dispose())
  const { sessions, presence, control } = (await on.join()).stores
  await sessions.claim({ newId: 's', user: 'ada', nextDigest: 't' })
  await presence.enter('room', { session: 's', user: 'ada', owner: 1, number: 1 }, LONG_MS)
  await expect.poll(() => replica.command('DBSIZE')).toBe(await master.command('DBSIZE'))
  await promote(replica)
  await demote(master)
  // From here on the session may be ended, members may leave and nodes may join where it is not known.
  await new Promise((resolve) => setTimeout(resolve, 150))
  const readings = [sessions.read('s'), sessions.read('none'), presence.list('room', 10), control.others()]
  const failures = readings.map((reading) =>
    reading.then(
      () => 'answered',
      (error: { code: string }) => error.code,
    ),
  )
  expect(await Promise.all(failures)).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE'])
})

test('a replica that takes writes is no master: what it takes would be gone with its next copy', async () => {
  const master = await startRedis()
  const replica = await startReplica(master, { settings: { 'replica-read-only': 'no' } })
  ends.push(() => Promise.all([master.stop(), replica.stop()]))
  const on = lineTo([replica], STORE_LIBRARIES, { deadlineMs: 1_000 })
  ends.push(() => on.close())
  const claim = on.call('sessions.begin', [on.key('s', 's')], ['"ada"', 't', 'n', LONG_MS])
  await expect(claim).rejects.toMatchObject({ code: 'UNAVAILABLE', message: /replica/ })
  await expect(replica.command('DBSIZE')).resolves.toBe(0)
  await promote(replica)
  await expect
    .poll(() => on.call('sessions.begin', [on.key('s', 's')], ['"ada"', 't', 'n', LONG_MS]).catch(() => 0), {
      timeout: 8_000,
    })
    .toBe(1)
}, 20_000)

test('what is read of a replica does not name the history that it serves once it is the master', async () => {
  const { master, replica } = await pair()
  const on = storesOn([master])
  ends.push(() => on.dispose())
  const a = await on.join()
  const ada = { session: 's', user: 'ada', owner: 1, number: 1 }
  const before = await a.stores.presence.enter('room', ada, LONG_MS)
  if (before.kind !== 'done') throw new Error(before.kind)
  await expect.poll(() => replica.command('DBSIZE')).toBe(await master.command('DBSIZE'))
  // By hand, as no node of ours does: the function, with the keys of the other one, until the very moment.
  const functions = (await replica.command('FUNCTION', 'LIST', 'LIBRARYNAME', 'rt1_presence_*')) as string[][]
  const library = String(functions[0]?.[1])
  const keys = ['ph', 'pz'].map((kind) => a.line.key(kind, 'room'))
  const list = () => replica.command('FCALL', `${library}_list`, 2, ...keys, 10).catch(() => undefined)
  const enter = (number: number) =>
    replica.command(
      'FCALL',
      `${library}_enter`,
      2,
      ...keys,
      'fresh',
      'publish',
      'topic',
      LONG_MS,
      's',
      1,
      number,
      'n',
      '"ada"',
    )
  await list()
  await promote(replica)
  const [epoch, offset] = (await enter(2)) as [string, number]
  expect(offset).toBe(1)
  expect(epoch).not.toBe(before.position.epoch)
})
