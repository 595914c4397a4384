import { DEFAULT_LIMITS } from '@org/realtime-protocol'
import type { RedisServer } from '../../../../../scripts/lib/redis-servers.mjs'
import { systemClock } from '../../../src/platform/system-clock.js'
import { systemRandom } from '../../../src/platform/system-random.js'
import {
  silent,
  type BrokerHandler,
  type Logger,
  type PublishOutcome,
  type PublishRequest,
} from '../../../src/ports/index.js'
import { RedisBroker } from '../../../src/redis/broker.js'
import type { RedisOptions } from '../../../src/redis/options.js'
import type { Hear, RedisLine } from '../../../src/redis/line.js'
import { LOG } from '../../../src/redis/functions/log.js'
import { kindOf, LogAppender } from '../../../src/redis/log-appender.js'
import { LogKeyring } from '../../../src/redis/log-keys.js'
import { deafNode, type BrokerNode, type Delivery } from '../../../src/testing/index.js'
import { lineTo } from './line.js'

/** Short enough that a test can wait for two of them. */
export const SWEEP_MS = 100
/** A node on Redis, with what its broker told it. */
export interface RedisNode extends BrokerNode {
  readonly broker: RedisBroker
  readonly line: RedisLine
  /** Has publishes stored in one call. */
  together(requests: readonly PublishRequest[]): Promise<readonly PublishOutcome[]>
  /** Publications that its broker does not get any more, from now on. */
  loseNews(): void
  close(): Promise<void>
}

interface NodeOptions {
  readonly logger?: Logger
  readonly keyPrefix?: string
  readonly redis?: RedisOptions
  readonly sweepMs?: number
  readonly dedupeMs?: number
  readonly publishDelayMs?: number
}

/** Joins a node to servers, over connections of its own. */
export function joinNode(
  servers: readonly Pick<RedisServer, 'url'>[],
  {
    logger = silent,
    keyPrefix = '',
    redis = {},
    sweepMs = SWEEP_MS,
    dedupeMs = DEFAULT_LIMITS.dedupeMs,
    publishDelayMs = 8,
  }: NodeOptions = {},
): RedisNode {
  const deliveries: Delivery[] = []
  const heads: BrokerNode['heads'][number][] = []
  let resyncs = 0
  let isDeaf = false
  const line = lineTo(servers, [LOG], { keyPrefix, ...redis })
  const handler: BrokerHandler = {
    ...deafNode,
    deliver: (channel, epoch, publications) =>
      void deliveries.push(...publications.map((publication) => ({ channel, epoch, publication }))),
    verify: (channel, head) => void heads.push({ channel, head }),
    resync: () => void (resyncs += 1),
  }
  const ears = new Map<Hear, Hear>()
  const losing: RedisLine = Object.assign(Object.create(line) as RedisLine, {
    listen: (topic: string, hear: Hear) => {
      const ear: Hear = (text) => void (isDeaf || hear(text))
      ears.set(hear, ear)
      return line.listen(topic, ear)
    },
    unlisten: (topic: string, hear: Hear) => line.unlisten(topic, ears.get(hear) ?? hear),
  })
  const parts = { line: losing, handler, clock: systemClock, random: systemRandom, logger }
  const broker = new RedisBroker({ ...parts, sweepMs, dedupeMs, publishDelayMs })
  const end = line.watch(handler)
  const appender = new LogAppender({
    ...parts,
    keyring: new LogKeyring(line),
    dedupeMs,
    leastTtlMs: 3 * sweepMs,
  })
  return {
    broker,
    line,
    deliveries,
    heads,
    resyncs: () => resyncs,
    together: (requests) => {
      const [first] = requests
      if (!first) throw new Error('a group has at least one publish')
      return appender.append(first.channel, { kind: kindOf(first), requests })
    },
    loseNews: () => void (isDeaf = true),
    close: async () => {
      end()
      await broker.close()
      await line.close()
    },
  }
}
