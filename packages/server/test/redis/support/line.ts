import { systemClock } from '../../../src/platform/system-clock.js'
import { systemRandom } from '../../../src/platform/system-random.js'
import { NO_METRICS, silent } from '../../../src/ports/index.js'
import type { FunctionLibrary } from '../../../src/redis/functions.js'
import type { RedisLine } from '../../../src/redis/line.js'
import { settingsOf, type RedisOptions } from '../../../src/redis/options.js'
import { ConnectedLine } from '../../../src/redis/redis-line.js'
import { startCluster, startRedis, type RedisServer } from '../../../../../scripts/lib/redis-servers.mjs'
import { REPLACEABLE } from './histories.js'

/** A line to one server, to several masters of a Cluster, or, without any, to what the options name; with these libraries. */
export function lineTo(
  servers: readonly Pick<RedisServer, 'url'>[],
  libraries: readonly FunctionLibrary[],
  options: RedisOptions = {},
): RedisLine {
  const urls = servers.map(({ url }) => url)
  const [url] = urls
  const where = urls.length > 1 ? { cluster: urls } : url === undefined ? {} : { url }
  const { logger = silent, metrics = NO_METRICS, clock = systemClock, random = systemRandom } = options
  return new ConnectedLine(settingsOf({ ...where, ...options }), { clock, random, logger, metrics }, libraries)
}

/** One Redis, and three masters of a Cluster: what every suite of the backend runs on. */
export const SETUPS = [
  {
    name: 'one Redis',
    start: async (): Promise<readonly RedisServer[]> => [await startRedis({ settings: REPLACEABLE })],
  },
  {
    name: 'three masters of a Cluster',
    start: (): Promise<readonly RedisServer[]> => startCluster({ settings: REPLACEABLE }),
  },
] as const
