import { afterEach, describe, expect, test } from 'vitest'
import type { Position } from '@org/realtime-protocol'
import { startRedis, startReplica, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import type { Broker, Retention } from '../../src/index.js'
import { joinNode, type RedisNode } from './support/broker.js'
import { sleep } from './support/stores.js'

const KEEP: Retention = { messages: 1_000, ageMs: 300_000, bytes: 1_048_576, ttlMs: 3_600_000 }

let servers: RedisServer[] = []
let nodes: RedisNode[] = []
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()))
  await Promise.all(servers.map((server) => server.stop()))
  servers = []
  nodes = []
})

/** A master and its replica, with a node on each: a node follows its own, as if an address had been switched to it. */
async function pair() {
  const master = await startRedis()
  const replica = await startReplica(master)
  servers = [master, replica]
  // One of them stays with a server that refuses.
  const old = joinNode([master], { redis: { deadlineMs: 1_500 } })
  const heir = joinNode([replica])
  nodes = [old, heir]
  return { master, replica, old: old.broker, heir: heir.broker }
}

async function put(broker: Broker, id: string, epoch?: string) {
  const outcome = await broker.publish({ channel: 'c', id, payload: '1', retention: KEEP, epoch })
  if (outcome.kind !== 'stored') throw new Error(outcome.kind)
  return outcome
}

const read = (broker: Broker, since: Position) => broker.recover('c', since, 100)

/** Waits until a replica has all that its master has. */
async function caughtUp(master: RedisServer, replica: RedisServer): Promise<void> {
  const offset = async (server: RedisServer) =>
    /master_repl_offset:(\d+)/.exec(String(await server.command('INFO', 'replication')))?.[1]
  for (let tries = 0; tries < 200; tries++) {
    if ((await offset(master)) === (await offset(replica))) return
    await sleep(10)
  }
  throw new Error('the replica does not catch up')
}

const promote = (server: RedisServer) => server.command('REPLICAOF', 'NO', 'ONE')
const follow = (server: RedisServer, master: RedisServer) => server.command('REPLICAOF', master.host, master.port)

describe('a replica that is promoted', () => {
  test('and lost nothing goes on with the log: no gap, and a rebase where the epoch ended', async () => {
    const { master, replica, old, heir } = await pair()
    for (let i = 1; i <= 5; i++) await put(old, `m${i}`)
    const { position } = await put(old, 'm6')
    await caughtUp(master, replica)
    await promote(replica)
    // Read before anybody writes: still the epoch that everybody knows.
    expect(await read(heir, position)).toMatchObject({ head: position, publications: [] })
    const next = await put(heir, 'm7', position.epoch)
    expect(next.position.offset).toBe(7)
    expect(next.rebase).toEqual({ from: position.epoch, end: 6, to: next.position.epoch })
    for (let offset = 0; offset <= 6; offset++) {
      const recovery = await read(heir, { ...position, offset })
      expect(recovery.gap).toBeUndefined()
      expect(recovery.rebase).toEqual(next.rebase)
      expect(recovery.publications.map((one) => one.offset)).toEqual(
        Array.from({ length: 7 - offset }, (_, i) => offset + 1 + i),
      )
    }
  })

  test('and lost the latest messages says which, to whoever had them and to nobody else', async () => {
    const { master, replica, old, heir } = await pair()
    for (let i = 1; i <= 4; i++) await put(old, `m${i}`)
    await caughtUp(master, replica)
    // From here on the replica hears nothing: it is cut off, and promoted.
    await promote(replica)
    const lost = await put(old, 'lost 5')
    await put(old, 'lost 6')
    const next = await put(heir, 'other 5', lost.position.epoch)
    expect(next.rebase).toEqual({ from: lost.position.epoch, end: 4, to: next.position.epoch })
    const at = (offset: number) => read(heir, { ...lost.position, offset })
    expect((await at(6)).gap).toEqual({ reason: 'rollback', from: 5, to: 6 })
    expect((await at(5)).gap).toEqual({ reason: 'rollback', from: 5, to: 5 })
    for (let offset = 0; offset <= 4; offset++) expect((await at(offset)).gap).toBeUndefined()
    for (const offset of [4, 5, 6]) expect((await at(offset)).publications.map(({ id }) => id)).toEqual(['other 5'])
  })

  test('knows repeats of what was replicated, and stores once more what was not', async () => {
    const { master, replica, old, heir } = await pair()
    const publish = (broker: Broker, seq: number) =>
      broker.publish({
        channel: 'c',
        id: `m${seq}`,
        payload: '1',
        retention: KEEP,
        key: `k${seq}`,
        number: { producer: 'p', seq, lowest: seq > 2 ? 3 : 1 },
      })
    await publish(old, 1)
    const second = await publish(old, 2)
    await caughtUp(master, replica)
    await promote(replica)
    await publish(old, 3)
    expect(await publish(heir, 2)).toEqual(second)
    expect(await publish(heir, 3)).toMatchObject({ kind: 'stored', position: { offset: 3 } })
    expect((await publish(heir, 2)).kind).toBe('stored')
    const { publications } = await heir.recover('c', 'start', 10)
    expect(publications.map(({ id }) => id)).toEqual(['m1', 'm2', 'm3'])
  })

  test('and gives the role back: both rotations are known, and nothing is lost', async () => {
    const { master, replica, old, heir } = await pair()
    const first = await put(old, 'm1')
    await caughtUp(master, replica)
    await promote(replica)
    const second = await put(heir, 'm2')
    await follow(master, replica)
    await sleep(50)
    for (let tries = 0; !String(await master.command('INFO', 'replication')).includes('link_status:up'); tries++) {
      if (tries > 200) throw new Error('the old master does not follow')
      await sleep(20)
    }
    await caughtUp(replica, master)
    await promote(master)
    const third = await put(old, 'm3')
    const epochs = [first, second, third].map(({ position }) => position.epoch)
    expect(new Set(epochs).size).toBe(3)
    for (const [i, epoch] of epochs.entries()) {
      const recovery = await read(old, { epoch, offset: i + 1 })
      expect(recovery.gap).toBeUndefined()
      expect(recovery.publications.map((one) => one.offset)).toEqual([2, 3].slice(i))
    }
  })

  test('is a replica no more for a node that still writes to it: a master that became one refuses', async () => {
    const { master, replica, old } = await pair()
    await put(old, 'm1')
    await promote(replica)
    await follow(master, replica)
    await expect(put(old, 'm2')).rejects.toThrow()
  })
})

describe('a master that is started again', () => {
  test('with what it had serves another history: positions stay good', async () => {
    const server = await startRedis({ settings: { appendonly: 'yes', appendfsync: 'always' } })
    servers = [server]
    const node = joinNode([server])
    nodes = [node]
    const { position } = await put(node.broker, 'm1')
    await server.kill()
    await server.start()
    const again = joinNode([server])
    nodes.push(again)
    const next = await put(again.broker, 'm2', position.epoch)
    expect(next.rebase).toEqual({ from: position.epoch, end: 1, to: next.position.epoch })
    expect((await read(again.broker, position)).gap).toBeUndefined()
  })
})
