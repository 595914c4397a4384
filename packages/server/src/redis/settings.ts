import type { ConnectionOptions } from 'node:tls'
import type { RedisOptions as IoredisOptions } from 'ioredis'
import type { Clock, Logger, Metrics, Random } from '../ports/index.js'
import type { Address } from './address.js'

/** Options that were checked, with every default in its place. */
export interface RedisSettings {
  /** What kind of Redis it is. */
  readonly mode: 'single' | 'sentinel' | 'cluster'
  /** Addresses to begin with: of the Redis, of Sentinels, or of masters of a Cluster. */
  readonly seeds: readonly Address[]
  /** Name of the masters that the Sentinels watch. */
  readonly sentinelName: string | undefined
  /** User and password at the Sentinels, which have users of their own. */
  readonly sentinelAuth: { readonly username?: string | undefined; readonly password?: string | undefined }
  /** Where an address that a Cluster or a Sentinel tells is found from here. */
  readonly natMap: Readonly<Record<string, string>>
  /** What all keys and topics begin with. */
  readonly keyPrefix: string
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number
  /** What TLS begins with; absent: none. The certificate is verified, whatever stands here. */
  readonly tls: ConnectionOptions | undefined
  readonly connectTimeoutMs: number
  readonly commandTimeoutMs: number
  readonly deadlineMs: number
  readonly keepAliveMs: number
  readonly pingIntervalMs: number
  readonly probeIntervalMs: number
  readonly topologyIntervalMs: number
  readonly maxInFlight: number
  readonly maxInFlightBytes: number
}

/** What the line needs besides its settings. */
export interface LineParts {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
}

/** What a connection of ioredis is made with, but for the address. */
export type Dialing = Omit<IoredisOptions, 'replyMapping'>

/**
 * Nothing of ioredis that has to do with lost connections is left to its defaults: they repeat commands whose answer was
 * lost, and queue without bound. A connection here dials once; who needs another makes another.
 */
export function dialing(settings: RedisSettings): Dialing {
  const { username, password, db, tls } = settings
  return {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
    reconnectOnError: null,
    // INFO is read by our own start-up checks.
    enableReadyCheck: false,
    enableAutoPipelining: false,
    // CLIENT SETINFO would need a right of its own.
    disableClientInfo: true,
    keepAlive: settings.keepAliveMs,
    connectTimeout: settings.connectTimeoutMs,
    noDelay: true,
    protocol: 3,
    db,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: { ...tls, rejectUnauthorized: true } }),
  }
}
