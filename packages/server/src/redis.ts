import { DEFAULT_LIMITS } from '@org/realtime-protocol'
import { redacting } from './core/redaction.js'
import { systemClock } from './platform/system-clock.js'
import { systemRandom } from './platform/system-random.js'
import { NO_METRICS, type Backend } from './ports/index.js'
import { InheritedLogger } from './redis/inherited-logger.js'
import { settingsOf, type RedisOptions } from './redis/options.js'
import { BACKEND_LIBRARIES, RedisBackend } from './redis/redis-backend.js'
import { ConnectedLine } from './redis/redis-line.js'

export { LineError as RedisError, type LineErrorCode as RedisErrorCode } from './redis/errors.js'
export type { RedisOptions, RedisSentinel, RedisTls } from './redis/options.js'

/** Settings of the Redis backend. */
export interface RedisBackendOptions extends RedisOptions {
  /** Time for which a session without a link can be resumed, in milliseconds. Default: 120,000. */
  readonly sessionTtlMs?: number
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
  const { sessionTtlMs = DEFAULT_LIMITS.sessionTtlMs } = options
  const { clock = systemClock, random = systemRandom, metrics = NO_METRICS } = options
  const logger = new InheritedLogger()
  if (options.logger) logger.inherit(redacting(options.logger))
  if (!Number.isSafeInteger(sessionTtlMs) || sessionTtlMs <= 0) {
    throw new TypeError('redis: sessionTtlMs must be a whole number from 1')
  }
  const parts = { clock, random, logger, metrics }
  const line = new ConnectedLine(settingsOf(options), parts, BACKEND_LIBRARIES)
  return new RedisBackend({ ...parts, line, sessionTtlMs })
}
