import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  freePort,
  startCluster,
  startRedis,
  startSentinel,
  type RedisServer,
} from '../../../../scripts/lib/redis-servers.mjs'
import type { RedisLine } from '../../src/redis/line.js'
import type { RedisOptions } from '../../src/redis/options.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { TLS_CERTIFICATE, TLS_KEY } from '../support/tls.js'
import { lineTo } from './support/line.js'
import { Tap } from './support/tap.js'
import { countLibrary, QUICK, watched } from './support/watched.js'

const ends: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function server(settings: Record<string, string | number> = {}): Promise<RedisServer> {
  const started = await startRedis({ settings })
  ends.push(() => started.stop())
  return started
}

function line(options: RedisOptions, to: { readonly url: string }[] = []): RedisLine {
  const made = lineTo(to, [countLibrary], { ...QUICK, ...options })
  ends.push(() => made.close())
  return made
}

const count = (to: RedisLine): Promise<unknown> => to.call('test.count', [to.key('x', 'a')], [1])

/** The sentence that a call fails with, which is what the log says, too; and it comes at once, again and again. */
async function refusalOf(options: RedisOptions, to?: { readonly url: string }): Promise<string> {
  const logger = new RecordingLogger()
  const its = line({ ...options, logger }, to ? [to] : [])
  const told = watched(its)
  const error = await count(its).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ name: 'RedisError', code: 'CONFIGURATION' })
  const began = performance.now()
  await expect(count(its)).rejects.toMatchObject({ code: 'CONFIGURATION' })
  // Whatever is tried again goes on until the deadline.
  expect(performance.now() - began).toBeLessThan(QUICK.deadlineMs - 100)
  const { message } = error as Error
  expect(logger.lines.find(({ level }) => level === 'warn')?.fields?.['error']).toMatchObject({ message })
  await expect.poll(() => told).toEqual(['degraded'])
  return message
}

describe('the start refuses', () => {
  it('a Redis older than 7.0', async () => {
    const redis = await server()
    const tap = await Tap.to(redis.port)
    ends.push(() => tap.close())
    tap.fromRedis = (text) => text.replace(/redis_version:\d\.\d/, 'redis_version:6.2')
    await expect(refusalOf({}, tap)).resolves.toMatch(
      /^this is redis 6\.2\.\d+; Redis or Valkey 7\.0 or newer is needed/,
    )
  })

  it('one that does not name its replication history', async () => {
    const tap = await Tap.to((await server()).port)
    ends.push(() => tap.close())
    tap.fromRedis = (text) => text.replace('master_replid:', 'hidden_replid:')
    await expect(refusalOf({}, tap)).resolves.toMatch(/does not name its replication history \(`master_replid`/)
  })

  it('one node of a Cluster that is taken for a single Redis', async () => {
    const cluster = await startCluster()
    ends.push(() => Promise.all(cluster.map((one) => one.stop())))
    const [first] = cluster
    if (!first) throw new Error('no server')
    await expect(refusalOf({}, first)).resolves.toMatch(/part of a Cluster: give .* as `cluster:/)
  })

  it('a single Redis that is taken for a Cluster', async () => {
    const redis = await server()
    await expect(count(line({}, [redis, redis]))).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: /give its address as `url`/,
    })
  })

  it('a Sentinel that is taken for the Redis it watches', async () => {
    const tap = await Tap.to((await server()).port)
    ends.push(() => tap.close())
    tap.fromRedis = (text) => text.replace('redis_mode:standalone', 'redis_mode:sentinel  ')
    await expect(refusalOf({}, tap)).resolves.toMatch(/give it as `sentinel: \{ name, nodes/)
  })

  it('a layout of another version, of other partitions, or of the other kind of topics', async () => {
    const redis = await server()
    const its = line({}, [redis])
    const key = its.partitionKey('layout', 0)
    await count(its)
    await expect(redis.command('HGETALL', key)).resolves.toEqual([
      ...['version', '1', 'partitions', '128', 'publish', 'publish'],
    ])
    const changed = async (field: string, value: string): Promise<string> => {
      const stored = String(await redis.command('HGET', key, field))
      await redis.command('HSET', key, field, value)
      const sentence = await refusalOf({}, redis)
      await redis.command('HSET', key, field, stored)
      return sentence
    }
    await expect(changed('version', '2')).resolves.toMatch(/holds layout 2, .* give another `keyPrefix`/)
    await expect(changed('partitions', '64')).resolves.toMatch(/first used with 64 partitions/)
    await expect(changed('publish', 'spublish')).resolves.toMatch(
      /publish with SPUBLISH here, .* would not hear each other/,
    )
    await expect(count(line({}, [redis]))).resolves.toBe(2)
    await expect(count(line({ keyPrefix: 'other:' }, [redis]))).resolves.toBe(1)
  })

  it('a password that is missing, and one that is wrong', async () => {
    const redis = await server({ requirepass: 'secret' })
    await expect(refusalOf({}, redis)).resolves.toMatch(/asks for a password: give `password`/)
    await expect(refusalOf({ password: 'wrong' }, redis)).resolves.toMatch(
      /does not know this `username` and `password`/,
    )
    await expect(count(line({ password: 'secret' }, [redis]))).resolves.toBe(1)
  })

  it('a certificate of an authority it does not know; it takes one that it does', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'realtime-redis-tls-'))
    ends.push(() => rmSync(folder, { recursive: true, force: true }))
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const tlsPort = await freePort()
    await server({
      ...{ 'tls-port': tlsPort, 'tls-auth-clients': 'no', 'tls-ca-cert-file': file('ca.pem', TLS_CERTIFICATE) },
      ...{ 'tls-cert-file': file('cert.pem', TLS_CERTIFICATE), 'tls-key-file': file('key.pem', TLS_KEY) },
    })
    const to = { url: `rediss://127.0.0.1:${tlsPort}` }
    await expect(refusalOf({}, to)).resolves.toMatch(
      /certificate of Redis was not accepted .* give the authority .* `tls: \{ ca \}`/,
    )
    await expect(count(line({ tls: { ca: TLS_CERTIFICATE } }, [to]))).resolves.toBe(1)
  })
})

describe('the log of a start says to what it is connected,', () => {
  /** What is logged when it is used. */
  async function logOf(options: RedisOptions, to: readonly RedisServer[]): Promise<readonly unknown[]> {
    const logger = new RecordingLogger()
    const its = line({ ...options, logger }, [...to])
    // Names all over the partitions, so that every master of a Cluster is used.
    for (const name of 'abcdefgh') await expect(its.call('test.count', [its.key('x', name)], [1])).resolves.toBe(1)
    return logger.lines.map(({ level, message, fields }) => [level, message, fields])
  }
  const connected = (mode: string) => [
    'info',
    'connected to Redis',
    { product: expect.any(String) as unknown, version: expect.stringMatching(/^\d+\.\d+/) as unknown, mode },
  ]

  it('and no more of a single Redis', async () => {
    await expect(logOf({}, [await server()])).resolves.toEqual([connected('single')])
  })

  it('and once that failover by a Cluster is not proven, however many masters it has', async () => {
    const cluster = await startCluster()
    ends.push(() => Promise.all(cluster.map((one) => one.stop())))
    await expect(logOf({}, cluster)).resolves.toEqual([
      connected('cluster'),
      ['info', 'failover by a Cluster is not proven by our tests yet', undefined],
    ])
  })

  it('and that failover by a Sentinel is not proven', async () => {
    const redis = await server()
    const sentinel = await startSentinel(redis)
    ends.push(() => sentinel.stop())
    const { host, port } = sentinel
    await expect(logOf({ sentinel: { name: 'main', nodes: [`${host}:${port}`] } }, [])).resolves.toEqual([
      connected('sentinel'),
      ['info', 'failover by Sentinel is not proven by our tests yet', undefined],
    ])
  })
})

it('goes on by itself when what it refused is put right', async () => {
  const redis = await server({ requirepass: 'secret' })
  const its = line({}, [redis])
  const told = watched(its)
  await expect(count(its)).rejects.toMatchObject({ code: 'CONFIGURATION' })
  await expect.poll(() => told).toEqual(['degraded'])
  await redis.kill()
  const again = await startRedis({ port: redis.port })
  ends.push(() => again.stop())
  await expect.poll(() => told, { timeout: 8_000 }).toContain('restored')
  await expect(count(its)).resolves.toBe(1)
})

describe('an ACL user', () => {
  /** The least that the guide gives, for these functions. */
  const LEAST = '+ping +info +fcall +function|load +publish +subscribe +unsubscribe'

  async function withUser(...rules: string[]): Promise<RedisServer> {
    const redis = await server()
    await redis.command('ACL', 'SETUSER', 'app', 'on', '>secret', ...rules)
    return redis
  }
  const user = { username: 'app', password: 'secret' }

  it('with the least rights works, and hears', async () => {
    const redis = await withUser(...LEAST.split(' '), '+hmget', '+hset', '+incrby', '~app:rt1:*', '&app:rt1:*')
    const its = line({ ...user, keyPrefix: 'app:' }, [redis])
    const heard: string[] = []
    await its.listen(its.key('b', 'a'), (text) => heard.push(text))
    await its.call('test.count', [its.key('x', 'a'), its.key('b', 'a')], [1, its.publishCommand])
    await expect.poll(() => heard).toEqual(['now 1'])
  })

  it.each([
    ['+info', /lacks a right .* \+info/],
    ['+fcall', /lacks a right .* \+fcall/],
    ['+function|load', /lacks a right .* \+function\|load/],
    ['+incrby', /lacks rights that our functions need: ACL SETUSER app \+incrby$/],
    ['~app:rt1:*', /lacks a right|ACL SETUSER app .*~app:rt1:\*/],
    ['&app:rt1:*', /ACL SETUSER app &app:rt1:\*$/],
  ])('without %s is refused with what to do', async (missing, sentence) => {
    const all = [...LEAST.split(' '), '+hmget', '+hset', '+incrby', '~app:rt1:*', '&app:rt1:*']
    const redis = await withUser('resetchannels', ...all.filter((rule) => rule !== missing))
    await expect(refusalOf({ ...user, keyPrefix: 'app:' }, redis)).resolves.toMatch(sentence)
  })

  it('that may write keys and not read them is refused with what to do', async () => {
    const redis = await withUser(...LEAST.split(' '), '+hmget', '+hset', '+incrby', '%W~app:rt1:*', '&app:rt1:*')
    const refusal = await refusalOf({ ...user, keyPrefix: 'app:' }, redis)
    expect(refusal).toMatch(/lacks a right|ACL SETUSER app .*~app:rt1:\*/)
  })

  it('that may not select the database it is given is refused: it would work in another one', async () => {
    const redis = await withUser(...LEAST.split(' '), '+hmget', '+hset', '+incrby', '~app:rt1:*', '&app:rt1:*')
    await expect(refusalOf({ ...user, keyPrefix: 'app:', db: 1 }, redis)).resolves.toMatch(/\+select/)
    await expect(redis.command('DBSIZE')).resolves.toBe(0)
    await redis.command('ACL', 'SETUSER', 'app', '+select')
    await count(line({ ...user, keyPrefix: 'app:', db: 1 }, [redis]))
    await expect(redis.command('DBSIZE')).resolves.toBe(0)
  })

  it('of a Cluster that may not follow a slot that moves is refused with what to do', async () => {
    const servers = await startCluster()
    ends.push(() => Promise.all(servers.map((each) => each.stop())))
    const rights = '+ping +info +fcall +function|load +spublish +ssubscribe +sunsubscribe +cluster|slots'
    const own = [...rights.split(' '), '+hmget', '+hset', '+incrby', '~app:rt1:*', '&app:rt1:*']
    for (const each of servers) await each.command('ACL', 'SETUSER', 'app', 'on', '>secret', ...own)
    const to = servers.map(({ host, port }) => ({ url: `${host}:${port}` }))
    await expect(count(line({ ...user, keyPrefix: 'app:' }, to))).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: /ACL SETUSER app \+asking$/,
    })
    for (const each of servers) await each.command('ACL', 'SETUSER', 'app', '+asking')
    await expect(count(line({ ...user, keyPrefix: 'app:' }, to))).resolves.toBe(1)
  })

  it('a database that is not there is refused: another one would be used in its place', async () => {
    const redis = await server({ databases: 2 })
    await expect(refusalOf({ db: 2 }, redis)).resolves.toMatch(/no database 2/)
    await expect(redis.command('DBSIZE')).resolves.toBe(0)
  })

  it('that may subscribe, and not end that, is refused where somebody listens: topics would pile up', async () => {
    const all = [...LEAST.split(' '), '+hmget', '+hset', '+incrby', '~app:rt1:*', '&app:rt1:*']
    const redis = await withUser(...all.filter((rule) => rule !== '+unsubscribe'))
    const its = line({ ...user, keyPrefix: 'app:' }, [redis])
    await count(its)
    await expect(its.listen(its.key('b', 'a'), () => undefined)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: /lacks a right .*unsubscribe/,
    })
  })

  it('that may not subscribe is refused where somebody listens', async () => {
    const all = [...LEAST.split(' '), '+hmget', '+hset', '+incrby', '~app:rt1:*', '&app:rt1:*']
    const redis = await withUser(...all.filter((rule) => rule !== '+subscribe'))
    const its = line({ ...user, keyPrefix: 'app:' }, [redis])
    await count(its)
    await expect(its.listen(its.key('b', 'a'), () => undefined)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: /lacks a right .*subscribe/,
    })
  })
})
