import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Position } from '@org/realtime-protocol'
import { startRedis, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import type { PublishRequest, Retention } from '../../src/index.js'
import { joinNode, type RedisNode } from './support/broker.js'
import { eventually, sleep } from './support/stores.js'
import { Tap } from './support/tap.js'
import { QUICK, watched } from './support/watched.js'

const KEEP: Retention = { messages: 1_000, ageMs: 300_000, bytes: 1_048_576, ttlMs: 3_600_000 }

let server: RedisServer
let node: RedisNode
beforeAll(async () => {
  server = await startRedis()
  node = joinNode([server])
})
afterAll(async () => {
  await node.close()
  await server.stop()
})
beforeEach(async () => {
  await server.command('FLUSHALL')
})

async function put(id: string, fields: Partial<PublishRequest> = {}): Promise<Position> {
  const request = { channel: 'c', id, payload: JSON.stringify(id), retention: KEEP, ...fields }
  const outcome = await node.broker.publish(request)
  if (outcome.kind !== 'stored') throw new Error(`${id}: ${outcome.kind}`)
  return outcome.position
}

const keyOf = (kind: string, channel = 'c') => node.line.key(kind, channel)
const read = (since: Position) => node.broker.recover('c', since, 10)
const keysLeft = async () =>
  ((await server.command('KEYS', '*')) as string[]).filter((key) => !key.endsWith(':layout')).sort()

describe('a log that lost one of its keys', () => {
  const number = { producer: 'p', seq: 3, lowest: 3 }

  test.each(['m', 'l', 'd0', 'd1'])('%s begins an epoch anew, and whoever knew it is told', async (kind) => {
    const before = await put('a', { number, key: 'k' })
    await put('b')
    await server.command('DEL', keyOf(kind))
    // Read before anybody writes: there is no log any more.
    expect(await read({ ...before, offset: 2 })).toMatchObject({
      head: { epoch: '', offset: 0 },
      gap: { reason: 'epoch', from: 2, to: 1 },
      publications: [],
    })
    expect(await node.broker.history('c', { after: before, limit: 5 })).toBeUndefined()
    const anew = await put('c')
    expect(anew.offset).toBe(1)
    expect(anew.epoch.split('.')[0]).not.toBe(before.epoch.split('.')[0])
    const recovery = await read({ ...before, offset: 2 })
    expect(recovery).toMatchObject({ position: { epoch: anew.epoch, offset: 0 }, gap: { reason: 'epoch' } })
    expect(recovery.publications.map(({ id }) => id)).toEqual(['c'])
    // Records of the log that is gone are gone with it: what they said is not true of this one.
    expect(await put('a', { number, key: 'k' })).toEqual({ epoch: anew.epoch, offset: 2 })
    expect(await keysLeft()).toEqual(['d0', 'd1', 'l', 'm'].map((one) => keyOf(one)).sort())
  })

  test.each(['m', 'l', 'd0', 'd1'])(
    '%s tells its listeners before the next publish, if it is looked at',
    async (kind) => {
      await node.broker.subscribe('c')
      const before = await put('a')
      const told = node.heads.length
      await server.command('DEL', keyOf(kind))
      await eventually(() => node.heads.slice(told).some(({ head }) => head.offset === (kind === 'm' ? 0 : 1)))
      // Of the other keys the heads say nothing: no message is missing until the next one, which is of another epoch.
      expect(node.heads.at(-1)?.head).toEqual(kind === 'm' ? { epoch: '', offset: 0 } : before)
      await node.broker.unsubscribe('c')
    },
  )
})

describe('a log that', () => {
  test('is lost with everything else begins anew', async () => {
    const before = await put('a')
    await server.command('FLUSHALL')
    expect((await read(before)).gap).toEqual({ reason: 'epoch', from: 1, to: 1 })
    expect((await put('b')).epoch).not.toBe(before.epoch)
  })

  test('reaches further than its meta says begins anew', async () => {
    const before = await put('a')
    await server.command('XADD', keyOf('l'), '7-0', 'a', '1 2', 'd', '{"id":"x"}\n1')
    const after = await put('b')
    expect(after.offset).toBe(1)
    expect(after.epoch).not.toBe(before.epoch)
    expect((await read({ ...after, offset: 0 })).publications.map(({ id }) => id)).toEqual(['b'])
  })

  test('had a message taken out by hand is not read across the hole', async () => {
    const { epoch } = await put('a')
    await put('b')
    await put('c')
    await server.command('XDEL', keyOf('l'), '2-0')
    expect((await read({ epoch, offset: 0 })).publications.map(({ id }) => id)).toEqual(['a'])
    await expect(read({ epoch, offset: 1 })).rejects.toThrow('has holes')
  })

  test.each([
    ['m', 'SET'],
    ['l', 'SET'],
    ['d0', 'SET'],
  ])('finds something else under its name changes nothing, and says so (%s)', async (kind) => {
    await put('a')
    await server.command('SET', keyOf(kind), 'theirs')
    await expect(put('b', { number: { producer: 'p', seq: 1, lowest: 1 } })).rejects.toThrow(
      /WRONGTYPE|another kind|type/i,
    )
    expect(await server.command('GET', keyOf(kind))).toBe('theirs')
  })
})

describe('a Redis without room', () => {
  test('stores nothing, takes no number, and has room for the next one again', async () => {
    const number = { producer: 'p', seq: 1, lowest: 1 }
    const first = await put('a')
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    await expect(put('b', { number })).rejects.toThrow('maxmemory')
    expect((await read({ ...first, offset: 0 })).head.offset).toBe(1)
    await server.command('CONFIG', 'SET', 'maxmemory', '0')
    expect((await put('b', { number })).offset).toBe(2)
  })
})

describe('a Redis that takes no writes', () => {
  test.each([
    ['it is full', 'maxmemory', '1', '0'],
    ['it has too few replicas', 'min-replicas-to-write', '1', '0'],
  ])('since %s takes in who comes and who comes back, and what it holds can be read', async (_, setting, on, off) => {
    const tap = await Tap.to(server.port)
    const back = joinNode([tap], { redis: QUICK })
    const told = watched(back.line)
    const { offset } = await put('a')
    await back.broker.subscribe('c')
    await back.broker.recover('c', 'start', 10)
    onTestFinished(() => void server.command('CONFIG', 'SET', setting, off))
    await server.command('CONFIG', 'SET', setting, on)
    tap.cut()
    const come = joinNode([server], { redis: QUICK })
    for (const { broker } of [come, back]) {
      await broker.subscribe('c')
      expect((await broker.recover('c', 'start', 10)).head.offset).toBe(offset)
    }
    await eventually(() => told.includes('resync'))
    await sleep(500)
    expect(told.filter((word) => word === 'degraded').length).toBe(told.filter((word) => word === 'restored').length)
    await server.command('CONFIG', 'SET', setting, off)
    expect((await put('b')).offset).toBe(offset + 1)
    await eventually(() => back.deliveries.length > 0 && come.deliveries.length > 0)
    for (const one of [come, back]) await one.close()
    await tap.close()
  })
})

describe('keys', () => {
  test('expire together, some time after the last publish', async () => {
    await put('a', { retention: { ...KEEP, ttlMs: 80_000 } })
    await sleep(30)
    await put('b', { retention: { ...KEEP, ttlMs: 80_000 } })
    const times = await Promise.all(
      ['m', 'l', 'd0', 'd1'].map((kind) => server.command('PEXPIRETIME', keyOf(kind)) as Promise<number>),
    )
    expect(new Set(times).size).toBe(1)
    const left = (times[0] ?? 0) - Date.now()
    expect(left).toBeGreaterThan(79_900)
    expect(left).toBeLessThanOrEqual(85_000)
  })

  test('of a channel somebody listens to do not expire', async () => {
    await node.broker.subscribe('c')
    const position = await put('a', { retention: { ...KEEP, ageMs: 100, ttlMs: 350 } })
    await put('b', { channel: 'other', retention: { ...KEEP, ageMs: 100, ttlMs: 350 } })
    await sleep(900)
    expect((await read(position)).head).toEqual(position)
    expect((await node.broker.recover('other', undefined, 1)).head.offset).toBe(0)
    await node.broker.unsubscribe('c')
    await sleep(600)
    expect((await read(position)).head.offset).toBe(0)
    expect(await keysLeft()).toEqual([])
  })

  test('of a log hold no more than its retention, whichever bound is met', async () => {
    const retention = { ...KEEP, messages: 20, bytes: 500 }
    for (let i = 0; i < 60; i++) await put(`m${i}`, { retention, payload: JSON.stringify('x'.repeat(i % 7 ? 8 : 98)) })
    const entries = (await server.command('XRANGE', keyOf('l'), '-', '+')) as [string, string[]][]
    expect(entries.length).toBeLessThanOrEqual(20)
    const payloads = entries.map(([, fields]) => (fields[3] ?? '').split('\n')[1]?.length ?? 0)
    expect(payloads.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(500)
    // And as much as it allows: one more message would be too many.
    expect(payloads.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(500 - 100 - 1)
  })

  test('of a log whose messages are too old are emptied by the next publish', async () => {
    const retention = { ...KEEP, ageMs: 60 }
    for (let i = 0; i < 5; i++) await put(`m${i}`, { retention })
    await sleep(70)
    await put('late', { retention })
    expect(await server.command('XLEN', keyOf('l'))).toBe(1)
  })
})

describe('records of repeats', () => {
  test('of one producer take no more room after two hundred numbers than after eighty', async () => {
    const sizes: number[] = []
    for (let seq = 1; seq <= 200; seq++) {
      await put(`m${String(seq).padStart(3, '0')}`, { number: { producer: 'p', seq, lowest: seq } })
      if (seq !== 80 && seq !== 200) continue
      const records = await Promise.all(['d0', 'd1'].map((kind) => server.command('HGETALL', keyOf(kind))))
      sizes.push((records.flat() as string[]).join('').length)
      expect(records.flat()).toHaveLength(2 * (2 + 1 + 9))
    }
    const [early = 0, late = 0] = sizes
    expect(late).toBeLessThan(early * 1.1)
  })

  const within = { dedupeMs: 400, keyPrefix: 'short:' }

  test('last for one to two periods, and are dropped whole', async () => {
    const short = joinNode([server], within)
    const publish = (id: string, fields: Partial<PublishRequest>) =>
      short.broker.publish({ channel: 'c', id, payload: '1', retention: KEEP, ...fields })
    const number = { producer: 'p', seq: 1, lowest: 1 }
    // From the beginning of a period.
    await sleep(410 - (Date.now() % 400))
    const first = await publish('a', { number, key: 'k' })
    await sleep(300)
    expect(await publish('a', { number, key: 'k' })).toEqual(first)
    // In the next period it is known, too, and use keeps it for one more.
    await sleep(300)
    expect(await publish('a', { number })).toEqual(first)
    await sleep(300)
    expect(await publish('a', { number })).toEqual(first)
    expect(await publish('b', { key: 'k' })).toMatchObject({ id: 'b', position: { offset: 2 } })
    await sleep(1_000)
    expect(await publish('a', { number })).toMatchObject({ position: { offset: 3 } })
    const fields = await Promise.all(
      ['d0', 'd1'].map((kind) => server.command('HLEN', short.line.key(kind, 'c')) as Promise<number>),
    )
    expect(fields.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(4)
    await short.close()
  })
})
