import type { RedisOptions as IoredisOptions } from 'ioredis'
import type { Address } from './connection.js'

/** What a connection of ioredis is made with, but for the address. */
export type Dialing = Omit<IoredisOptions, 'replyMapping'>

/** Options that were checked, with every default in its place. */
export interface RedisSettings {
  /** Addresses to begin with. */
  readonly seeds: readonly Address[]
  readonly isCluster: boolean
  /** What all keys and topics begin with. */
  readonly keyPrefix: string
  /** Given to every connection. */
  readonly ioredis: Dialing
}

/** Nothing of ioredis is left to its defaults that has to do with lost connections: they repeat commands and queue without bound. */
export const EXPLICIT = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  retryStrategy: null,
  reconnectOnError: null,
  enableReadyCheck: false,
  keepAlive: 10_000,
  connectTimeout: 5_000,
  protocol: 3,
} as const satisfies Dialing
