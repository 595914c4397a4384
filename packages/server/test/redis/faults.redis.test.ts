import { afterEach, describe, expect, it } from 'vitest'
import { startRedis, startReplica, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import { isBackendFull } from '../../src/ports/index.js'
import type { RedisLine } from '../../src/redis/line.js'
import type { RedisOptions } from '../../src/redis/options.js'
import { lineTo } from './support/line.js'
import { Tap } from './support/tap.js'
import { countLibrary, QUICK, watched } from './support/watched.js'

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function server(settings: Record<string, string | number> = {}): Promise<RedisServer> {
  const started = await startRedis({ settings })
  ends.push(() => started.stop())
  return started
}

async function tapTo(target: RedisServer): Promise<Tap> {
  const tap = await Tap.to(target.port)
  ends.push(() => tap.close())
  return tap
}

function line(to: { readonly url: string }, options: RedisOptions = {}): RedisLine {
  const made = lineTo([to], [countLibrary], { ...QUICK, ...options })
  ends.push(() => made.close())
  return made
}

const count = (to: RedisLine, name = 'a', by = 1): Promise<unknown> => to.call('test.count', [to.key('x', name)], [by])
const publish = (to: RedisLine, name: string): Promise<unknown> =>
  to.call('test.count', [to.key('x', name), to.key('b', name)], [1, to.publishCommand])

/** Listens, and sees that texts arrive. */
async function hearing(to: RedisLine, name: string): Promise<string[]> {
  const heard: string[] = []
  await to.listen(to.key('b', name), (text) => heard.push(text))
  await publish(to, name)
  await expect.poll(() => heard.length).toBe(1)
  return heard
}

describe('a Redis that dies and comes back empty', () => {
  it('fails calls in bounded time, is told as degraded, and serves again with functions and topics', async () => {
    const redis = await server()
    const its = line(redis)
    const told = watched(its)
    const heard = await hearing(its, 'a')
    await redis.kill()
    const began = performance.now()
    await expect(count(its)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(performance.now() - began).toBeLessThan(2 * QUICK.deadlineMs)
    expect(told).toEqual(['degraded'])
    await redis.start()
    await expect.poll(() => told, { timeout: 5_000 }).toEqual(['degraded', 'restored', 'resync'])
    await publish(its, 'a')
    await expect.poll(() => heard).toEqual(['now 1', 'now 1'])
  })
})

describe('a connection that ends', () => {
  it('for commands: the call is tried again, nobody is told of an outage, and everything is verified', async () => {
    const redis = await server()
    const its = line(redis)
    const told = watched(its)
    await count(its)
    await redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await expect(count(its)).resolves.toBe(2)
    await expect.poll(() => told).toEqual(['resync'])
  })

  it('for topics: they are listened to again, and everything is verified after that', async () => {
    const redis = await server()
    const its = line(redis)
    const heard = await hearing(its, 'a')
    let heardAtResync = -1
    its.watch({
      degraded: () => undefined,
      resync: () => void publish(its, 'a').then(() => (heardAtResync = heard.length)),
    })
    await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await expect.poll(() => heardAtResync, { timeout: 5_000 }).toBeGreaterThanOrEqual(1)
    await expect.poll(() => heard).toEqual(['now 1', 'now 2'])
  })

  it('before the answer: a call that may be repeated is, and one that must not run twice fails', async () => {
    const redis = await server()
    const tap = await tapTo(redis)
    const its = line(tap)
    await count(its)
    let cuts = 0
    const cutNext = (): void => {
      tap.fromRedis = (text, socket) => {
        if (!/^:\d+\r\n/.test(text)) return text
        tap.fromRedis = (later) => later
        cuts += 1
        socket.destroy()
        return undefined
      }
    }
    cutNext()
    await expect(count(its)).resolves.toBe(3)
    cutNext()
    const once = its.call('test.count', [its.key('x', 'a')], [1], { once: true })
    await expect(once).rejects.toMatchObject({ code: 'UNAVAILABLE', message: /may have done it/ })
    expect(cuts).toBe(2)
    await expect(redis.command('GET', its.key('x', 'a'))).resolves.toBe('4')
  })
})

describe('a connection over which nothing comes any more', () => {
  it('is given up, and what was under way there is tried on the next one at once', async () => {
    const redis = await server()
    const tap = await tapTo(redis)
    const its = line(tap)
    await count(its)
    tap.mute()
    const began = performance.now()
    await expect(count(its)).resolves.toBe(2)
    expect(performance.now() - began).toBeLessThan(QUICK.deadlineMs - 100)
  })
})

describe('a Redis that hangs', () => {
  it('for less than the patience: a call waits, and is done once', async () => {
    const redis = await server()
    const its = line(redis, { commandTimeoutMs: 1_500 })
    const told = watched(its)
    await count(its)
    await redis.command('CLIENT', 'PAUSE', 700, 'ALL')
    await expect(count(its)).resolves.toBe(2)
    expect(told).toEqual([])
  })

  it('for longer: calls fail in bounded time, it is told as degraded, and goes on when it wakes', async () => {
    const redis = await server()
    const its = line(redis)
    const told = watched(its)
    const heard = await hearing(its, 'a')
    redis.pause()
    const began = performance.now()
    await expect(count(its)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(performance.now() - began).toBeLessThan(2 * QUICK.deadlineMs)
    expect(told).toEqual(['degraded'])
    redis.resume()
    await expect.poll(() => told, { timeout: 8_000 }).toEqual(['degraded', 'restored', 'resync'])
    await publish(its, 'a')
    await expect.poll(() => heard.length).toBe(2)
  })
})

describe('a connection for topics that went deaf without an error', () => {
  it('is found by publications of its own, made anew, and everything is verified', async () => {
    const redis = await server()
    const tap = await tapTo(redis)
    const its = line(tap)
    const told = watched(its)
    const heard = await hearing(its, 'a')
    const before = tap.made
    // Answers to pings still come; publications do not.
    tap.fromRedis = (text) => (text.includes('message\r\n') ? undefined : text)
    await expect.poll(() => tap.made, { timeout: 5_000 }).toBeGreaterThan(before)
    tap.fromRedis = (text) => text
    await expect.poll(() => told, { timeout: 5_000 }).toContain('resync')
    await expect
      .poll(async () => {
        await publish(its, 'a')
        return heard.length
      })
      .toBeGreaterThan(1)
  })
})

describe('a replica that is promoted', () => {
  it('serves at the same address: READONLY makes a new connection, and the call is done', async () => {
    const [one, other] = [await server(), await server()]
    const copy = await startReplica(one)
    ends.push(() => copy.stop())
    await other.stop()
    const tap = await tapTo(one)
    const its = line(tap)
    const told = watched(its)
    const heard = await hearing(its, 'a')
    await expect.poll(() => copy.command('GET', its.key('x', 'a'))).toBe('1')
    await copy.command('REPLICAOF', 'NO', 'ONE')
    tap.target = copy.port
    await one.command('REPLICAOF', '127.0.0.1', copy.port)
    await expect(publish(its, 'a')).resolves.toBe(2)
    await expect(copy.command('GET', its.key('x', 'a'))).resolves.toBe('2')
    await expect.poll(() => told).toContain('resync')
    tap.cut()
    await expect
      .poll(
        async () => {
          await publish(its, 'a')
          return heard.length
        },
        { timeout: 5_000 },
      )
      .toBeGreaterThan(1)
  })

  it('is not there yet: calls to a replica fail in bounded time, and say why', async () => {
    const one = await server()
    const copy = await startReplica(one)
    ends.push(() => copy.stop())
    await expect(count(line(copy))).rejects.toMatchObject({ code: 'UNAVAILABLE', message: /READONLY/ })
  })
})

describe('what Redis refuses', () => {
  it('functions that are gone are loaded again', async () => {
    const redis = await server()
    const its = line(redis)
    await count(its)
    await redis.command('FUNCTION', 'FLUSH')
    await expect(count(its)).resolves.toBe(2)
    await redis.command('FUNCTION', 'FLUSH')
    await expect(its.call('test.count', [its.key('x', 'a')], [1], { once: true })).resolves.toBe(3)
  })

  it('a key of somebody else is a fault of the configuration, at once', async () => {
    const redis = await server()
    const its = line(redis)
    await redis.command('RPUSH', its.key('x', 'a'), 'theirs')
    const began = performance.now()
    await expect(count(its)).rejects.toMatchObject({ code: 'CONFIGURATION', message: /WRONGTYPE/ })
    expect(performance.now() - began).toBeLessThan(QUICK.deadlineMs - 100)
  })

  it('a right that is taken away is a fault of the configuration, at once', async () => {
    const redis = await server()
    const its = line(redis)
    await count(its)
    await redis.command('ACL', 'SETUSER', 'default', '-incrby')
    await expect(count(its)).rejects.toMatchObject({ code: 'CONFIGURATION', message: /NOPERM|ACL failure/ })
  })

  it('more than maxmemory is a backend that is full, at once, and no outage', async () => {
    const redis = await server()
    const its = line(redis)
    const told = watched(its)
    await hearing(its, 'a')
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    await expect(count(its)).rejects.toSatisfy(isBackendFull)
    await new Promise((resolve) => setTimeout(resolve, 800))
    expect(told).toEqual([])
  })

  it('too few replicas make a call unavailable at once, and are no outage', async () => {
    const redis = await server()
    const its = line(redis)
    const told = watched(its)
    await hearing(its, 'a')
    await redis.command('CONFIG', 'SET', 'min-replicas-to-write', '1')
    const began = performance.now()
    await expect(count(its)).rejects.toMatchObject({ code: 'UNAVAILABLE', message: /NOREPLICAS/ })
    expect(performance.now() - began).toBeLessThan(QUICK.deadlineMs - 100)
    await new Promise((resolve) => setTimeout(resolve, 800))
    expect(told).toEqual([])
  })
})

describe('bounds', () => {
  it('of what is under way: more fails at once, and room is given back', async () => {
    const redis = await server()
    const its = line(redis, { maxInFlight: 10 })
    await count(its)
    const results = await Promise.allSettled(Array.from({ length: 15 }, () => count(its)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
    expect(results[14]).toMatchObject({ reason: { code: 'UNAVAILABLE', message: /maxInFlight/ } })
    await expect(count(its)).resolves.toBe(12)
  })

  it('of its bytes, too', async () => {
    const redis = await server()
    const its = line(redis, { maxInFlightBytes: 1_000 })
    await expect(its.call('test.count', [its.key('x', 'a')], ['1'.repeat(1_001)])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    await expect(count(its)).resolves.toBe(1)
  })
})

it('constructing opens nothing, and closing leaves nothing open', async () => {
  const redis = await server()
  const tap = await tapTo(redis)
  const its = line(tap)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(tap.made).toBe(0)
  await hearing(its, 'a')
  expect(tap.made).toBe(2)
  await its.close()
  await expect
    .poll(
      async () =>
        String(await redis.command('CLIENT', 'LIST'))
          .trim()
          .split('\n').length,
    )
    .toBe(1)
})
