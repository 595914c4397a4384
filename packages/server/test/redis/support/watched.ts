import type { LineHandler, RedisLine } from '../../../src/redis/line.js'
import { functionLibrary } from '../../../src/redis/functions.js'
import type { RedisOptions } from '../../../src/redis/options.js'

/** Patience of a test: what takes seconds in production takes tenths here. */
export const QUICK = {
  connectTimeoutMs: 1_000,
  commandTimeoutMs: 300,
  deadlineMs: 2_000,
  pingIntervalMs: 100,
  probeIntervalMs: 150,
  topologyIntervalMs: 1_000,
} satisfies RedisOptions

/** What a line has told so far, in order. */
export function watched(line: RedisLine): readonly string[] {
  const told: string[] = []
  const handler: LineHandler = {
    degraded: (is) => told.push(is ? 'degraded' : 'restored'),
    resync: () => told.push('resync'),
  }
  line.watch(handler)
  return told
}

/** Functions to see what was done, and how often. */
export const countLibrary = functionLibrary(
  'test',
  `register('count', function(keys, args)
     local n = redis.call('INCRBY', keys[1], args[1])
     if args[2] then redis.call(args[2], keys[2], 'now ' .. n) end
     return n
   end)`,
)
