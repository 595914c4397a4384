import { DEFAULT_LIMITS } from '@org/realtime-protocol'
import { redacting } from './core/redaction.js'
import { systemClock } from './platform/system-clock.js'
import { systemRandom } from './platform/system-random.js'
import { NO_METRICS, type Backend } from './ports/index.js'
import { InheritedLogger } from './redis/inherited-logger.js'
import { LEASE_TIMES, leaseTimes } from './redis/node-registry.js'
import { settingsOf, type RedisOptions } from './redis/options.js'
import { BACKEND_LIBRARIES, RedisBackend } from './redis/redis-backend.js'
import { ConnectedLine } from './redis/redis-line.js'

export { LineError as RedisError, type LineErrorCode as RedisErrorCode } from './redis/errors.js'
export type { RedisOptions, RedisSentinel, RedisTls } from './redis/options.js'

const PUBLISH_DELAY_MS = 8
const MAX_PUBLISH_DELAY_MS = 100
const MIN_LEASE_MS = 1_000

/** Settings of the Redis backend. */
export interface RedisBackendOptions extends RedisOptions {
  /** Time for which a session without a link can be resumed, in milliseconds. Default: 120,000. */
  readonly sessionTtlMs?: number
  /**
   * Time for which publishes of this node to one channel wait for each other at most, in milliseconds, once there are
   * enough of them: from 500 a second on. Several in one call cost Redis and the node a fraction. 0: they never wait.
   * Default: 8.
   */
  readonly publishDelayMs?: number
  /**
   * Time without a word from a node after which the others take it for dead, in milliseconds, from 1,000 on: its members
   * leave then, unless they are back on another one. It says a word six times as often. One that is cut off from Redis or
   * stands still for longer has its members leave and join again. Default: 30,000.
   */
  readonly leaseMs?: number
}

/**
 * Logs, sessions and presence in Redis or Valkey 7.0 or newer: one, behind Sentinels, or a Cluster. All servers that are
 * given the same Redis and `keyPrefix` serve the same channels.
 *
 * It opens nothing: `attach`, or the first use, connects. While Redis cannot be reached the server is degraded, and
 * requests that need it fail with `UNAVAILABLE`; it goes on by itself when Redis is back.
 *
 * @throws TypeError when an option makes no sense, or two contradict each other.
 */
export function redis(options: RedisBackendOptions = {}): Backend {
  const { sessionTtlMs = DEFAULT_LIMITS.sessionTtlMs, publishDelayMs = PUBLISH_DELAY_MS } = options
  const { leaseMs = LEASE_TIMES.leaseMs } = options
  const { clock = systemClock, random = systemRandom, metrics = NO_METRICS } = options
  const logger = new InheritedLogger()
  if (options.logger) logger.inherit(redacting(options.logger))
  if (!Number.isSafeInteger(sessionTtlMs) || sessionTtlMs <= 0) {
    throw new TypeError('redis: sessionTtlMs must be a whole number from 1')
  }
  if (!Number.isSafeInteger(publishDelayMs) || publishDelayMs < 0 || publishDelayMs > MAX_PUBLISH_DELAY_MS) {
    throw new TypeError(`redis: publishDelayMs must be a whole number from 0 to ${MAX_PUBLISH_DELAY_MS}`)
  }
  if (!Number.isSafeInteger(leaseMs) || leaseMs < MIN_LEASE_MS) {
    throw new TypeError(`redis: leaseMs must be a whole number from ${MIN_LEASE_MS}`)
  }
  const parts = { clock, random, logger, metrics }
  const line = new ConnectedLine(settingsOf(options), parts, BACKEND_LIBRARIES)
  return new RedisBackend({ ...parts, line, sessionTtlMs, publishDelayMs, leases: leaseTimes(leaseMs) })
}
