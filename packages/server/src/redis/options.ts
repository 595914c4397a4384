import type { ConnectionOptions } from 'node:tls'
import type { Clock, Logger, Metrics, Random } from '../ports/index.js'
import { addressOf, type Address } from './address.js'
import type { RedisSettings } from './settings.js'

/** What TLS to Redis begins with. The certificate of Redis is always verified. */
export type RedisTls = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'minVersion'>

/** Sentinels that watch a Redis. */
export interface RedisSentinel {
  /** Name of the master, as the Sentinels know it. */
  readonly name: string
  /** Addresses of some Sentinels, `host:port` or `redis://host:port`. */
  readonly nodes: readonly string[]
  /** User of the Sentinels. Default: none. */
  readonly username?: string
  /** Password of the Sentinels. Default: none. */
  readonly password?: string
}

/** How to reach Redis, and how patient to be with it. Give one of `url`, `host`, `sentinel` and `cluster`. */
export interface RedisOptions {
  /** `redis://[user:password@]host[:port][/db]`; `rediss://` for TLS. Default: `redis://127.0.0.1:6379`. */
  readonly url?: string
  /** Name or address, in place of `url`. */
  readonly host?: string
  /** Port beside `host`. Default: 6379. */
  readonly port?: number
  /** A Redis whose address Sentinels know. */
  readonly sentinel?: RedisSentinel
  /** Addresses of some nodes of a Cluster, `host:port` or `redis://host:port`: one is enough, the others are found. */
  readonly cluster?: readonly string[]
  /** Where an address that a Cluster or Sentinel tells is found from here: `{ '10.0.0.1:6379': 'localhost:7001' }`. Default: as told. */
  readonly natMap?: Readonly<Record<string, string>>
  /** User, as ACL SETUSER made it. Default: `default`. */
  readonly username?: string
  /** Password of the user. Default: none. */
  readonly password?: string
  /** Number of the database; a Cluster has only 0. Default: 0. */
  readonly db?: number
  /** TLS: `true` for the authorities that Node trusts, or one's own. Default: only for `rediss://`. */
  readonly tls?: boolean | RedisTls
  /**
   * What all keys and topics begin with, so that applications can share a Redis: letters, digits and `: . _ -`, at most
   * 64 of them. All nodes of an application give the same. Default: nothing.
   */
  readonly keyPrefix?: string
  /** Time for a connection to be made and checked, in milliseconds. Default: 5,000. */
  readonly connectTimeoutMs?: number
  /** Time without an answer after which a connection is given up and another one made, in milliseconds. Default: 3,000. */
  readonly commandTimeoutMs?: number
  /** Time until a request fails with `UNAVAILABLE`, tries and waits included, in milliseconds. Default: 5,000. */
  readonly deadlineMs?: number
  /** Quiet time before TCP asks whether the other end is there, in milliseconds. Default: 10,000. */
  readonly keepAliveMs?: number
  /** Time between two pings of a connection, in milliseconds. Default: 1,000. */
  readonly pingIntervalMs?: number
  /** Time between two probes of a connection for topics, by a publication of its own, in milliseconds. Default: 3,000. */
  readonly probeIntervalMs?: number
  /** Time between two looks at who serves what in a Cluster, in milliseconds. Default: 15,000. */
  readonly topologyIntervalMs?: number
  /** Commands that may be under way; more fail with `UNAVAILABLE` at once. Default: 2,000. */
  readonly maxInFlight?: number
  /** Size of what may be under way, in bytes. Default: 16,777,216 (16 MiB). */
  readonly maxInFlightBytes?: number
  /** Where it is reported what an operator wants to know. Default: the `logger` of the first server that uses it. */
  readonly logger?: Logger
  /** Where the numbers of the connections go, such as `prometheus()`. Default: nowhere. */
  readonly metrics?: Metrics
  /** Time; for tests. Default: the clock of the machine. */
  readonly clock?: Clock
  /** Chance; for tests. Default: Node's crypto module. */
  readonly random?: Random
}

const PORT = 6379
const TIMES = {
  connectTimeoutMs: 5_000,
  commandTimeoutMs: 3_000,
  deadlineMs: 5_000,
  keepAliveMs: 10_000,
  pingIntervalMs: 1_000,
  probeIntervalMs: 3_000,
  topologyIntervalMs: 15_000,
  maxInFlight: 2_000,
  maxInFlightBytes: 16_777_216,
}

/**
 * Checks options and fills in what is not given.
 *
 * @throws TypeError when one makes no sense, or two contradict each other; it says which.
 */
export function settingsOf(options: RedisOptions): RedisSettings {
  const where = placeOf(options)
  const { natMap = {}, keyPrefix = '', db = where.db ?? 0 } = options
  if (!/^[\w:.-]{0,64}$/.test(keyPrefix)) {
    wrong('keyPrefix must consist of at most 64 letters, digits and : . _ - (braces would change where keys are)')
  }
  if (!Number.isSafeInteger(db) || db < 0) wrong('db must be a whole number from 0')
  if (where.mode === 'cluster' && db !== 0) wrong('a Cluster has only database 0: leave out db')
  const username = either('username', options.username, where.username)
  const password = either('password', options.password, where.password)
  if (username !== undefined && password === undefined) wrong('username needs a password')
  const map = Object.entries(natMap).map(([from, to]) => [words(from), words(to)] as const)
  return {
    mode: where.mode,
    seeds: where.seeds,
    sentinelName: options.sentinel?.name,
    sentinelAuth: { username: options.sentinel?.username, password: options.sentinel?.password },
    natMap: Object.fromEntries(map),
    keyPrefix,
    username,
    password,
    db,
    tls: tlsOf(options.tls, where.isSecure),
    ...timesOf(options),
  }
}

interface Place {
  readonly mode: RedisSettings['mode']
  readonly seeds: readonly Address[]
  readonly isSecure: boolean
  readonly username?: string
  readonly password?: string
  readonly db?: number
}

function placeOf(options: RedisOptions): Place {
  const { url, host, port, sentinel, cluster } = options
  const given = Object.entries({ url, host, sentinel, cluster }).filter(([, value]) => value !== undefined)
  if (given.length > 1) wrong(`give one of ${given.map(([name]) => name).join(' and ')}, not both`)
  if (port !== undefined && host === undefined) wrong('port goes with host; elsewhere it is part of the address')
  if (sentinel) {
    if (!sentinel.name) wrong('sentinel.name must be the name of the master, as the Sentinels know it')
    return several('sentinel', 'sentinel.nodes', sentinel.nodes)
  }
  if (cluster) return several('cluster', 'cluster', cluster)
  if (host === undefined) return urlOf('url', url ?? `redis://127.0.0.1:${PORT}`)
  if (host === '' || host.includes('/')) wrong('host must be a name or an address; an address with redis:// is a url')
  if (!isPort(port ?? PORT)) wrong('port must be a whole number from 1 to 65535')
  return { mode: 'single', seeds: [{ host, port: port ?? PORT }], isSecure: false }
}

function several(mode: 'sentinel' | 'cluster', option: string, texts: readonly string[]): Place {
  if (typeof texts === 'string' || texts.length === 0) wrong(`${option} must hold at least one address`)
  const places = texts.map((text) => urlOf(option, /^[a-z]+:\/\//.test(text) ? text : `redis://${text}`))
  const [first] = places
  for (const place of places) {
    if (place.username !== undefined || place.password !== undefined) {
      wrong(`${option}: give user and password as options, not in addresses`)
    }
    if (place.db !== undefined) wrong(`${option}: an address has no database`)
    if (place.isSecure !== first?.isSecure) wrong(`${option}: either all addresses are rediss://, or none is`)
  }
  return { mode, seeds: places.flatMap(({ seeds }) => seeds), isSecure: first?.isSecure ?? false }
}

function urlOf(option: string, text: string): Place {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url?.hostname || (url.protocol !== 'redis:' && url.protocol !== 'rediss:')) {
    // The text is not shown: it may hold a password.
    return wrong(`${option} must look like redis://host:port, or rediss://host:port for TLS`)
  }
  if (url.search || url.hash) wrong(`${option} takes no parameters: give them as options`)
  const database = url.pathname.replace(/^\//, '')
  if (!/^\d*$/.test(database)) wrong(`${option}: what follows the port is the number of the database`)
  return {
    mode: 'single',
    seeds: [{ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || PORT) }],
    isSecure: url.protocol === 'rediss:',
    ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
    ...(url.password !== '' && { password: decodeURIComponent(url.password) }),
    ...(database !== '' && { db: Number(database) }),
  }
}

function tlsOf(tls: RedisOptions['tls'], isSecure: boolean): ConnectionOptions | undefined {
  if (tls === false && isSecure) wrong('tls: false contradicts rediss://')
  if (typeof tls === 'object' && 'rejectUnauthorized' in tls) {
    wrong('tls: the certificate of Redis is always verified; give the authority that signed it as ca')
  }
  if (typeof tls === 'object') return tls
  return tls || isSecure ? {} : undefined
}

function timesOf(options: RedisOptions): typeof TIMES {
  const given = Object.fromEntries(
    Object.entries(TIMES).map(([name, value]) => [name, options[name as keyof typeof TIMES] ?? value]),
  ) as typeof TIMES
  for (const [name, value] of Object.entries(given)) {
    if (!Number.isSafeInteger(value) || value <= 0) wrong(`${name} must be a whole number from 1`)
  }
  return given
}

function either(name: string, option: string | undefined, inUrl: string | undefined): string | undefined {
  if (option !== undefined && inUrl !== undefined) wrong(`give ${name} as an option or in the url, not both`)
  return option ?? inUrl
}

function words(text: string): string {
  const { host, port } = addressOf(text)
  if (!host || !isPort(port)) wrong(`natMap: "${text}" is not host:port`)
  return text
}

function isPort(port: number): boolean {
  return Number.isSafeInteger(port) && port >= 1 && port <= 65_535
}

function wrong(what: string): never {
  throw new TypeError(`redis: ${what}`)
}
