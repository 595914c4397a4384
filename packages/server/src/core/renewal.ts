import type { Clock, Timer } from '../ports/index.js'
import type { AbsentSessions } from './absent.js'
import type { KeptHouse } from './kept-state.js'
import type { SessionRegistry } from './session-registry.js'

/** What a renewal needs of its node. */
interface Renewable extends KeptHouse {
  readonly clock: Clock
  readonly registry: SessionRegistry
  readonly absent: AbsentSessions
}

/**
 * Renews the records of sessions with a link, so that only those without one run out, and writes what a failure kept
 * from being written.
 */
export class Renewal {
  private timer: Timer
  private stopped = false

  constructor(
    private readonly node: Renewable,
    private readonly everyMs: number,
  ) {
    this.schedule()
  }

  /** The store may have lost records, or what is kept in them: all of it is written again at once. */
  resync(): void {
    for (const session of this.node.registry.sessions()) session.doubt()
    this.node.clock.clearTimer(this.timer)
    this.schedule(0)
  }

  stop(): void {
    this.stopped = true
    this.node.clock.clearTimer(this.timer)
  }

  private schedule(delayMs = this.everyMs): void {
    if (this.stopped) return
    this.timer = this.node.clock.setTimer(() => {
      this.renew()
      this.schedule()
    }, delayMs)
  }

  private renew(): void {
    const { sessions, registry, absent, logger } = this.node
    absent.sweep()
    const held = registry.sessions()
    sessions.renew(held).catch((error: unknown) => {
      logger.error('session store failed', { operation: 'renew', error })
    })
    for (const session of held) void session.rewrite(this.node)
  }
}
