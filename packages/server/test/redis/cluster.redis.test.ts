import { afterEach, describe, expect, it } from 'vitest'
import { freePort, startCluster, startRedis, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import type { RedisLine } from '../../src/redis/line.js'
import { partitionOf, slotOf } from '../../src/redis/partitions.js'
import { lineTo } from './support/line.js'
import { countLibrary, QUICK, watched } from './support/watched.js'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function cluster(): Promise<readonly [RedisServer, RedisServer, RedisServer]> {
  const [a, b, c] = await startCluster()
  if (!a || !b || !c) throw new Error('three masters')
  ends.push(() => Promise.all([a, b, c].map((server) => server.stop())))
  return [a, b, c]
}

function line(servers: readonly RedisServer[], deadlineMs = 4_000): RedisLine {
  const made = lineTo(servers, [countLibrary], { ...QUICK, deadlineMs })
  ends.push(() => made.close())
  return made
}

const publish = (to: RedisLine, name: string): Promise<unknown> =>
  to.call('test.count', [to.key('x', name), to.key('b', name)], [1, to.publishCommand])

/** A name that a master serves: the first and the last third of the slots are those of the first and the last one. */
function nameOn(third: 0 | 1 | 2): string {
  for (let i = 0; ; i++) if (Math.floor((slotOf(partitionOf(`n${i}`)) * 3) / 16_384) === third) return `n${i}`
}

const idOf = async (server: RedisServer): Promise<string> => String(await server.command('CLUSTER', 'MYID'))

/** Up to where a server has written the history of its master, or its own. */
async function offsetOf(server: RedisServer): Promise<number> {
  const info = String(await server.command('INFO', 'replication'))
  return Number(/master_repl_offset:(\d+)/.exec(info)?.[1])
}

describe('a slot that moves', () => {
  it('under traffic: every call is done once, and whoever listened hears again or is told to verify', async () => {
    const servers = await cluster()
    const [from, to, other] = servers
    const its = line(servers)
    const name = nameOn(0)
    const slot = slotOf(partitionOf(name))
    const heard: string[] = []
    await its.listen(its.key('b', name), (text) => heard.push(text))
    await publish(its, name)
    await expect.poll(() => heard.length).toBe(1)
    const told = watched(its)

    let calls = 1
    let isMoving = true
    const traffic = async (): Promise<void> => {
      while (isMoving) {
        await publish(its, name)
        calls += 1
      }
    }
    const running = [traffic(), traffic()]
    const [source, target] = [await idOf(from), await idOf(to)]
    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source)
    await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target)
    await new Promise((resolve) => setTimeout(resolve, 100))
    const keys = (await from.command('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[]
    expect(keys).toContain(its.key('x', name))
    await from.command('MIGRATE', to.host, to.port, '', 0, 1_000, 'KEYS', ...keys)
    await new Promise((resolve) => setTimeout(resolve, 100))
    for (const server of [to, from, other]) await server.command('CLUSTER', 'SETSLOT', slot, 'NODE', target)
    await new Promise((resolve) => setTimeout(resolve, 200))
    isMoving = false
    await Promise.all(running)

    await expect(to.command('GET', its.key('x', name))).resolves.toBe(String(calls))
    await expect.poll(() => told, { timeout: 5_000 }).toContain('resync')
    expect(told).not.toContain('degraded')
    const before = heard.length
    await publish(its, name)
    await expect.poll(() => heard.slice(before)).toEqual([`now ${calls + 1}`])
    await expect(to.command('PUBSUB', 'SHARDNUMSUB', its.key('b', name))).resolves.toEqual([its.key('b', name), 1])
    await expect(from.command('PUBSUB', 'SHARDNUMSUB', its.key('b', name))).resolves.toEqual([its.key('b', name), 0])
  })
})

it('a master that was to take a slot over, and is gone before it did, is missed by nobody', async () => {
  const servers = await cluster()
  const [from] = servers
  const bus = await freePort()
  const guest = await startRedis({ settings: { 'cluster-enabled': 'yes', 'cluster-port': bus } })
  ends.push(() => guest.stop())
  for (const { host, port, settings } of servers) {
    await guest.command('CLUSTER', 'MEET', host, port, Number(settings['cluster-port']))
  }
  const known = async () => await Promise.all([...servers, guest].map((server) => server.command('CLUSTER', 'NODES')))
  await expect
    .poll(async () => (await known()).every((nodes) => String(nodes).match(/master/g)?.length === 4))
    .toBe(true)
  const its = line(servers)
  const told = watched(its)
  const name = nameOn(0)
  const slot = slotOf(partitionOf(name))
  await guest.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from))
  await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(guest))
  const count = () => its.call('test.count', [its.key('x', name)], [1])
  await expect(count()).resolves.toBe(1)
  expect(await guest.command('DBSIZE')).toBe(1)
  await from.command('CLUSTER', 'SETSLOT', slot, 'STABLE')
  await guest.kill()
  await expect(count()).resolves.toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  expect(told).not.toContain('degraded')
})

describe('a master of a Cluster that dies', () => {
  it('and comes back: it is degraded meanwhile, and all is heard again', async () => {
    const servers = await cluster()
    const its = line(servers, 1_000)
    const told = watched(its)
    const heard: string[] = []
    for (const third of [0, 1, 2] as const) {
      await its.listen(its.key('b', nameOn(third)), (text) => heard.push(text))
    }
    await servers[1].kill()
    await expect(publish(its, nameOn(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect.poll(() => told).toContain('degraded')
    await servers[1].start()
    await expect.poll(() => told.at(-1), { timeout: 10_000 }).toBe('resync')
    expect(told).toContain('restored')
    for (const third of [0, 1, 2] as const) {
      await expect.poll(() => publish(its, nameOn(third)).catch(() => 0), { timeout: 5_000 }).toBeGreaterThan(0)
    }
    await expect.poll(() => heard.length).toBeGreaterThanOrEqual(3)
  })

  it('and whose slots others take over while it hangs: no part of it is missed once all is served again', async () => {
    const [hanging, heir, other] = await cluster()
    const its = line([hanging, heir, other])
    const told = watched(its)
    for (const third of [0, 1, 2] as const) await its.listen(its.key('b', nameOn(third)), () => undefined)
    hanging.pause()
    ends.push(async () => hanging.resume())
    // Long enough that all that is under way on it fails by its own deadline.
    await expect.poll(() => told, { timeout: 5_000 }).toContain('degraded')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    for (const server of [heir, other]) await server.command('CLUSTER', 'DELSLOTSRANGE', 0, 5_460)
    await heir.command('CLUSTER', 'ADDSLOTSRANGE', 0, 5_460)
    await expect.poll(() => publish(its, nameOn(0)).catch(() => 0), { timeout: 10_000 }).toBeGreaterThan(0)
    await expect.poll(() => told.slice(-2), { timeout: 10_000 }).toEqual(['restored', 'resync'])
  }, 40_000)

  it('and whose replica takes over: calls go on there, and its topics are heard there', async () => {
    const servers = await cluster()
    const [dying, alive] = servers
    const replica = await startRedis({
      settings: { 'cluster-enabled': 'yes', 'cluster-port': await freePort(), 'cluster-node-timeout': 1_000 },
    })
    ends.push(() => replica.stop())
    for (const server of servers) await server.command('CONFIG', 'SET', 'cluster-node-timeout', 1_000)
    await replica.command('CLUSTER', 'MEET', alive.host, alive.port, Number(alive.settings['cluster-port']))
    const master = await idOf(dying)
    await expect
      .poll(() => replica.command('CLUSTER', 'REPLICATE', master).catch(() => ''), { timeout: 5_000 })
      .toBe('OK')
    await expect
      .poll(async () => String(await replica.command('INFO', 'replication')), { timeout: 10_000 })
      .toContain('master_link_status:up')
    // Who does not know what its master serves does not stand for election.
    await expect
      .poll(async () => String(await replica.command('CLUSTER', 'NODES')), { timeout: 10_000 })
      .toContain('0-5460')

    const its = line(servers, 40_000)
    const told = watched(its)
    const name = nameOn(0)
    const heard: string[] = []
    await its.listen(its.key('b', name), (text) => heard.push(text))
    await publish(its, name)
    // WAIT would ask for what its own connection has written, which is nothing.
    const written = await offsetOf(dying)
    await expect.poll(() => offsetOf(replica), { timeout: 10_000 }).toBeGreaterThanOrEqual(written)
    await dying.kill()
    const again = publish(its, name)
    again.catch(() => undefined)
    await expect
      .poll(async () => String(await replica.command('INFO', 'replication')), { timeout: 30_000 })
      .toContain('role:master')
    await expect(again).resolves.toBe(2)
    await expect.poll(() => told.at(-1), { timeout: 10_000 }).toBe('resync')
    await publish(its, name)
    await expect.poll(() => heard, { timeout: 5_000 }).toContain('now 3')
    await expect(replica.command('PUBSUB', 'SHARDNUMSUB', its.key('b', name))).resolves.toEqual([its.key('b', name), 1])
  }, 60_000)
})

it('a user who was given the missing right to see the Cluster can listen from then on', async () => {
  const servers = await cluster()
  const each = (...rules: string[]) =>
    Promise.all(servers.map((server) => server.command('ACL', 'SETUSER', 'app', ...rules)))
  await each('on', '>secret', '~*', '&*', '+@all', '-cluster')
  const urls = servers.map(({ host, port }) => ({ url: `${host}:${port}` }))
  const its = lineTo(urls, [countLibrary], { ...QUICK, username: 'app', password: 'secret' })
  ends.push(() => its.close())
  const listen = () => its.listen(its.key('b', 'n'), () => undefined)
  await expect(listen()).rejects.toMatchObject({ code: expect.stringMatching(/CONFIGURATION|UNAVAILABLE/) as string })
  await expect(listen()).rejects.toMatchObject({ code: 'CONFIGURATION' })
  await each('+cluster')
  await expect.poll(() => publish(its, 'n').catch(() => 0), { timeout: 10_000 }).toBeGreaterThan(0)
  await expect(listen()).resolves.toBeUndefined()
  // Taken away again, it is missed when the Cluster changes, and not while everything is where it was.
  const told = watched(its)
  await each('-cluster')
  await expect.poll(() => told, { timeout: 5_000 }).toContain('degraded')
  await expect(its.listen(its.key('b', 'another'), () => undefined)).resolves.toBeUndefined()
}, 20_000)
