import { EXPLICIT, type RedisSettings } from './settings.js'

/** How to reach Redis. */
export interface RedisOptions {
  /** `redis://host:port`. Default: `redis://127.0.0.1:6379`. */
  readonly url?: string
  /** Addresses of some masters of a Cluster, to begin with. Default: none, one Redis. */
  readonly cluster?: readonly string[]
  /** What all keys and topics begin with, so that applications can share a Redis. Default: nothing. */
  readonly keyPrefix?: string
}

/** Checks options and fills in what is not given. */
export function settingsOf(options: RedisOptions): RedisSettings {
  const { url = 'redis://127.0.0.1:6379', cluster, keyPrefix = '' } = options
  const seeds = (cluster ?? [url]).map((text) => {
    const { hostname, port } = new URL(text)
    return { host: hostname, port: Number(port || 6379) }
  })
  return { seeds, isCluster: cluster !== undefined, keyPrefix, ioredis: EXPLICIT }
}
