/** Settings as in redis.conf. */
export type RedisServerSettings = Readonly<Record<string, string | number>>

/** A redis-server of its own on loopback. */
export interface RedisServer {
  readonly host: string
  readonly port: number
  readonly url: string
  readonly settings: RedisServerSettings
  readonly pid: number | undefined
  /** Starts it again after `kill`, on the same port, empty unless its settings keep something. */
  start(): Promise<void>
  /** Ends it as a crash does. */
  kill(): Promise<void>
  /** Ends it, and its folder goes, too. */
  stop(): Promise<void>
  /** It stops doing anything, and its sockets stay open. */
  pause(): void
  /** It goes on after `pause`. */
  resume(): void
  /** Sends one command on a connection of its own. */
  command(...args: readonly (string | number)[]): Promise<unknown>
}

/** Starts one server, and resolves when it answers. */
export function startRedis(options?: { port?: number; settings?: RedisServerSettings }): Promise<RedisServer>
/** Starts a server that copies another one, and resolves when it has done so once. */
export function startReplica(master: RedisServer, options?: { settings?: RedisServerSettings }): Promise<RedisServer>
/** Starts a Sentinel that watches a master alone, and resolves when it knows it and so many that copy it. */
export function startSentinel(master: RedisServer, options?: { name?: string; replicas?: number }): Promise<RedisServer>
/** Starts masters of a Cluster that share the slots evenly. */
export function startCluster(options?: { masters?: number; settings?: RedisServerSettings }): Promise<RedisServer[]>
/** A port of loopback that was free a moment ago. */
export function freePort(): Promise<number>
