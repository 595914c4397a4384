import { DEFAULT_LIMITS } from '@org/realtime-protocol'
import type { RedisServer } from '../../../../../scripts/lib/redis-servers.mjs'
import { systemClock } from '../../../src/platform/system-clock.js'
import { systemRandom } from '../../../src/platform/system-random.js'
import { silent, type BrokerHandler, type Logger } from '../../../src/ports/index.js'
import { RedisBroker } from '../../../src/redis/broker.js'
import type { Hear, RedisLine } from '../../../src/redis/line.js'
import { logLibrary } from '../../../src/redis/lua/library.js'
import { deafNode, type BrokerNode, type Delivery } from '../../../src/testing/index.js'
import { lineTo } from './line.js'

/** Short enough that a test can wait for two of them. */
export const SWEEP_MS = 100
/** Time for which functions take the replication history of their Redis for unchanged, and a little more. */
const INCARNATION_MS = 110

/** Settings of servers whose history can be changed by hand. */
export const DEBUGGABLE = { 'enable-debug-command': 'local' }

/** A node on Redis, with what its broker told it. */
export interface RedisNode extends BrokerNode {
  readonly broker: RedisBroker
  readonly line: RedisLine
  /** Publications that its broker does not get any more, from now on. */
  loseNews(): void
  close(): Promise<void>
}

interface NodeOptions {
  readonly logger?: Logger
  readonly keyPrefix?: string
  readonly sweepMs?: number
  readonly dedupeMs?: number
}

/** Joins a node to servers, over connections of its own. */
export function joinNode(
  servers: readonly RedisServer[],
  { logger = silent, keyPrefix = '', sweepMs = SWEEP_MS, dedupeMs = DEFAULT_LIMITS.dedupeMs }: NodeOptions = {},
): RedisNode {
  const deliveries: Delivery[] = []
  const heads: BrokerNode['heads'][number][] = []
  let resyncs = 0
  let isDeaf = false
  const line = lineTo(servers, [logLibrary], { keyPrefix })
  const handler: BrokerHandler = {
    ...deafNode,
    deliver: (channel, epoch, publication) => void deliveries.push({ channel, epoch, publication }),
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
  const broker = new RedisBroker({ ...parts, sweepMs, dedupeMs })
  const end = line.watch(handler)
  return {
    broker,
    line,
    deliveries,
    heads,
    resyncs: () => resyncs,
    loseNews: () => void (isDeaf = true),
    close: async () => {
      end()
      await broker.close()
      await line.close()
    },
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits for a fact. */
export async function eventually(fact: () => boolean, ms = 3_000): Promise<void> {
  const deadline = Date.now() + ms
  while (!fact()) {
    if (Date.now() > deadline) throw new Error('it did not come to pass')
    await sleep(5)
  }
}

/** Has every server remember what it holds. */
export async function checkpoint(servers: readonly RedisServer[]): Promise<void> {
  for (const server of servers) await server.command('SAVE')
}

/**
 * Gives every server another replication history, as a replica that is promoted has; with what it held at the checkpoint,
 * if asked. Connections end, as they do then.
 */
export async function changeHistory(servers: readonly RedisServer[], { lossy }: { lossy: boolean }): Promise<void> {
  for (const server of servers) {
    if (lossy) await server.command('DEBUG', 'RELOAD', 'NOSAVE')
    await server.command('DEBUG', 'CHANGE-REPL-ID')
  }
  await sleep(INCARNATION_MS)
}
