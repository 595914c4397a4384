import type { Backend, BackendNode, Logger, NodeHandler } from '../ports/index.js'
import { RedisBroker } from './broker.js'
import { LOG } from './functions/log.js'
import type { InheritedLogger } from './inherited-logger.js'
import { RedisStores, STORE_LIBRARIES } from './redis-stores.js'
import type { RedisLine } from './line.js'
import type { LeaseTimes } from './node-registry.js'
import type { FunctionLibrary } from './functions.js'
import type { LineParts } from './settings.js'

/** The libraries that the line has to load for a backend. */
export const BACKEND_LIBRARIES: readonly FunctionLibrary[] = [LOG, ...STORE_LIBRARIES]

/** What a backend on Redis is made from. */
export interface RedisBackendParts extends LineParts {
  readonly line: RedisLine
  /** Time for which a session without a link can be resumed. */
  readonly sessionTtlMs: number
  /** Time for which publishes of a busy channel wait for each other at most. */
  readonly publishDelayMs: number
  /** Times by which nodes know each other to be alive. */
  readonly leases: LeaseTimes
  readonly logger: InheritedLogger
}

/**
 * Broker and stores in Redis, over one line. Servers of a process that share it share its connections. Joining opens nothing;
 * the connections are made when something is used, and closed when the last node has left.
 */
export class RedisBackend implements Backend {
  private nodes = 0

  constructor(private readonly parts: RedisBackendParts) {}

  join(handler: NodeHandler, logger?: Logger): BackendNode {
    if (logger) this.parts.logger.inherit(logger)
    const { line, sessionTtlMs } = this.parts
    this.nodes += 1
    const stores = new RedisStores({ ...this.parts, handler, sessionTtlMs })
    const broker = new RedisBroker({ ...this.parts, handler })
    const unwatch = line.watch({
      degraded: (isDegraded) => handler.degraded(isDegraded),
      resync: () => handler.resync(),
    })
    let closing: Promise<void> | undefined
    const close = async (): Promise<void> => {
      unwatch()
      await Promise.allSettled([broker.close(), stores.close()])
      this.nodes -= 1
      if (this.nodes === 0) await line.close()
    }
    return {
      broker,
      sessions: stores.sessions,
      presence: stores.presence,
      control: stores.control,
      open: () => line.open(),
      close: () => (closing ??= close()),
    }
  }
}
