import { describe, expect, it } from 'vitest'
import { redis } from '../../src/redis.js'
import { settingsOf, type RedisOptions } from '../../src/redis/options.js'
import { dialing } from '../../src/redis/settings.js'

describe('options of Redis', () => {
  it('have the defaults that the guide says', () => {
    expect(settingsOf({})).toEqual({
      mode: 'single',
      seeds: [{ host: '127.0.0.1', port: 6379 }],
      sentinelName: undefined,
      sentinelAuth: {},
      natMap: {},
      keyPrefix: '',
      username: undefined,
      password: undefined,
      db: 0,
      tls: undefined,
      connectTimeoutMs: 5_000,
      commandTimeoutMs: 3_000,
      deadlineMs: 5_000,
      keepAliveMs: 10_000,
      pingIntervalMs: 1_000,
      probeIntervalMs: 3_000,
      topologyIntervalMs: 15_000,
      maxInFlight: 2_000,
      maxInFlightBytes: 16_777_216,
    })
  })

  it('read an address with everything that it can hold', () => {
    expect(settingsOf({ url: 'rediss://ada:p%40ss@[::1]:7000/3' })).toMatchObject({
      seeds: [{ host: '::1', port: 7000 }],
      username: 'ada',
      password: 'p@ss',
      db: 3,
      tls: {},
    })
  })

  it('take host and port, Sentinels, and nodes of a Cluster', () => {
    expect(settingsOf({ host: 'cache', port: 7000 }).seeds).toEqual([{ host: 'cache', port: 7000 }])
    expect(settingsOf({ sentinel: { name: 'main', nodes: ['a:26379', 'redis://b:26380'] } })).toMatchObject({
      mode: 'sentinel',
      sentinelName: 'main',
      seeds: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 26380 },
      ],
    })
    expect(settingsOf({ cluster: ['a:7000'], tls: true })).toMatchObject({ mode: 'cluster', tls: {} })
  })

  it.each<[string, RedisOptions, RegExp]>([
    ['two places', { url: 'redis://a', cluster: ['b:1'] }, /one of url and cluster, not both/],
    ['a port without host', { port: 7000 }, /port goes with host/],
    ['a host that is an address', { host: 'redis://a' }, /is a url/],
    ['a port that is none', { host: 'a', port: 70_000 }, /from 1 to 65535/],
    ['another kind of address', { url: 'http://a' }, /must look like redis:\/\/host:port/],
    ['parameters in an address', { url: 'redis://a?tls=1' }, /takes no parameters/],
    ['a database that is no number', { url: 'redis://a/main' }, /number of the database/],
    ['no nodes', { cluster: [] }, /at least one address/],
    ['users in the addresses of nodes', { cluster: ['redis://u:p@a:1'] }, /as options, not in addresses/],
    ['TLS for some nodes', { cluster: ['rediss://a:1', 'redis://b:1'] }, /either all addresses are rediss/],
    ['a database in a Cluster', { cluster: ['a:1'], db: 1 }, /only database 0/],
    ['a password in two places', { url: 'redis://:p@a', password: 'q' }, /not both/],
    ['a user without a password', { username: 'ada' }, /needs a password/],
    ['TLS forbidden for rediss', { url: 'rediss://a', tls: false }, /contradicts rediss/],
    ['a certificate that is not verified', { tls: { rejectUnauthorized: false } as object }, /always verified/],
    ['braces in a prefix', { keyPrefix: '{a}:' }, /would change where keys are/],
    ['a time that is none', { deadlineMs: 0 }, /deadlineMs must be a whole number from 1/],
    ['a map to nowhere', { natMap: { 'a:1': 'b' } }, /natMap: "b" is not host:port/],
    ['Sentinels without a name', { sentinel: { name: '', nodes: ['a:1'] } }, /sentinel.name/],
  ])('refuse %s', (_what, options, sentence) => {
    expect(() => settingsOf(options)).toThrow(TypeError)
    expect(() => redis(options)).toThrow(sentence)
  })

  it.each([
    [{ sessionTtlMs: 0 }, /sessionTtlMs must be a whole number from 1/],
    [{ leaseMs: 999 }, /leaseMs must be a whole number from 1000/],
    [{ leaseMs: 1_000.5 }, /leaseMs must be a whole number/],
    [{ publishDelayMs: -1 }, /publishDelayMs must be a whole number from 0 to 100/],
    [{ publishDelayMs: 0.5 }, /publishDelayMs must be a whole number/],
    [{ publishDelayMs: 101 }, /publishDelayMs must be a whole number/],
  ])('refuse %o of the backend', (options, sentence) => {
    expect(() => redis(options)).toThrow(TypeError)
    expect(() => redis(options)).toThrow(sentence)
    expect(() => redis({ publishDelayMs: 0, leaseMs: 1_000 })).not.toThrow()
  })

  it('never show a password in a complaint', () => {
    expect(() => settingsOf({ url: 'http://ada:secret@a' })).not.toThrow(/secret/)
    expect(() => settingsOf({ url: 'http://ada:secret@a' })).toThrow(TypeError)
  })
})

it('nothing that ioredis does by itself with lost connections is left to its defaults', () => {
  expect(dialing(settingsOf({ tls: { ca: 'x' } }))).toMatchObject({
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
    reconnectOnError: null,
    tls: { ca: 'x', rejectUnauthorized: true },
  })
})
