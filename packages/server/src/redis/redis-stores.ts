import { retryDelayMs } from '../core/retry.js'
import type { BackendNode, Clock, NodeHandler, Random, Timer } from '../ports/index.js'
import type { FunctionLibrary } from './functions.js'
import { NODES } from './functions/nodes.js'
import { PRESENCE } from './functions/presence.js'
import { SESSIONS } from './functions/sessions.js'
import type { RedisLine } from './line.js'
import { LEASE_TIMES, NodeRegistry, type LeaseTimes } from './node-registry.js'
import { RedisControl } from './redis-control.js'
import { RedisPresence } from './redis-presence.js'
import { RedisSessions } from './redis-sessions.js'

/** The libraries that the line has to load for the stores. */
export const STORE_LIBRARIES: readonly FunctionLibrary[] = [SESSIONS, PRESENCE, NODES]

/** What the stores of one node are made from. */
export interface StoresParts {
  readonly line: RedisLine
  readonly clock: Clock
  readonly random: Random
  readonly handler: NodeHandler
  /** Time for which a session without a link can be resumed. */
  readonly sessionTtlMs: number
  /** Default: {@link LEASE_TIMES}. */
  readonly leases?: LeaseTimes | undefined
}

/** All of a node's backend but the broker: sessions, presence, and the other nodes. */
export class RedisStores implements Omit<BackendNode, 'broker'> {
  readonly sessions: RedisSessions
  readonly presence: RedisPresence
  readonly control: RedisControl
  private readonly registry: NodeRegistry
  private readonly unwatch: () => void
  private joining: Promise<void> | undefined
  private retry: Timer
  private failures = 0
  private closed = false

  constructor(private readonly parts: StoresParts) {
    const { line, clock, random, handler, sessionTtlMs, leases = LEASE_TIMES } = parts
    const node = random.id()
    const told = { died: () => this.reap(), lapsed: () => handler.resync() }
    this.registry = new NodeRegistry({ line, clock, random, node, times: leases, ...told })
    this.control = new RedisControl({ line, node, registry: this.registry, handler })
    this.sessions = new RedisSessions({ line, node, ttlMs: sessionTtlMs, handler })
    this.presence = new RedisPresence({ line, random, node, registry: this.registry, handler })
    const doubt = (): void => this.registry.doubt()
    // Being made opens nothing: it joins when the line is used, by whatever.
    const opened = (): void => void (this.joining ??= this.join())
    this.unwatch = line.watch({ opened, degraded: doubt, resync: doubt })
  }

  /** Lets go: hears nothing any more, and is not among the others. Members and sessions stay for their time. */
  async close(): Promise<void> {
    this.closed = true
    this.unwatch()
    this.parts.clock.clearTimer(this.retry)
    await Promise.all([this.control, this.sessions, this.presence].map((each) => each.close().catch(() => undefined)))
  }

  /** Is there for the others to find, as soon as Redis can be reached. Never rejects. */
  private async join(): Promise<void> {
    try {
      await this.control.join()
    } catch {
      // Whoever asks meanwhile gets the error.
      if (this.closed) return
      this.retry = this.parts.clock.setTimer(
        () => {
          this.joining = this.join()
        },
        retryDelayMs(this.failures++, this.parts.random),
      )
    }
  }

  private reap(): void {
    // Should it fail, the next round of the node does it: the dead are remembered.
    this.presence.reapWatched().catch(() => undefined)
  }
}
