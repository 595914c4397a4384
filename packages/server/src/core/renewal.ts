import type { Clock, Timer } from '../ports/index.js'
import type { AbsentSessions } from './absent.js'
import type { KeptHouse } from './kept-state.js'
import type { SessionRegistry } from './session-registry.js'
import type { Session } from './session.js'
import type { Upkeep } from './upkeep.js'

/** What a renewal needs of its node. */
interface Renewable extends KeptHouse {
  readonly clock: Clock
  readonly upkeep: Upkeep
  readonly registry: SessionRegistry
  readonly absent: AbsentSessions
}

/**
 * Renews the records of sessions with a link, so that only those without one run out, and writes what a failure kept
 * from being written. What fails is tried again soon.
 */
export class Renewal {
  private timer: Timer
  private stopped = false
  private isRenewing = false
  /** Whether records are to be renewed by a request that is not sent yet. */
  private isDue = false
  private readonly rewriting = new Set<Session>()

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
    const { absent, registry } = this.node
    absent.sweep()
    this.isDue = true
    if (!this.isRenewing) void this.renewAll()
    for (const session of registry.sessions()) if (session.isUnsure) void this.rewrite(session)
  }

  private async renewAll(): Promise<void> {
    const { sessions, registry, upkeep, logger } = this.node
    this.isRenewing = true
    const renew = (): Promise<void> => {
      this.isDue = false
      return sessions.renew(registry.sessions())
    }
    // One that is asked for while another is on its way may be for what the store has lost since.
    while (this.isDue && !this.stopped) {
      await upkeep.persist(
        'sessions',
        renew,
        () => !this.stopped,
        (error) => logger.error('session store failed', { operation: 'renew', error }),
      )
    }
    this.isRenewing = false
  }

  private async rewrite(session: Session): Promise<void> {
    if (this.rewriting.has(session)) return
    this.rewriting.add(session)
    const write = async (): Promise<void> => {
      const error = await session.rewrite(this.node)
      const isLost = !error && session.isUnsure
      // Whoever claimed it has written it.
      if (isLost || error?.code === 'UNAVAILABLE') throw new Error('it is not written')
    }
    // What went wrong is told by the one who writes.
    await this.node.upkeep.persist(
      'sessions',
      write,
      () => !this.stopped && this.isHeld(session) && session.isUnsure,
      () => undefined,
    )
    this.rewriting.delete(session)
  }

  private isHeld(session: Session): boolean {
    return this.node.registry.of({ session: session.id })[0]?.session === session
  }
}
