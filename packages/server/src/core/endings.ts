import type { Limits } from '@org/realtime-protocol'
import type { Clock, LogFields, Logger, SessionStore } from '../ports/index.js'
import type { Node } from './node.js'
import type { Session } from './session.js'
import type { TimerWheel, WheelTask } from './timer-wheel.js'
import type { Upkeep } from './upkeep.js'

/** What ending sessions needs of its node. */
export interface EndingHouse {
  readonly sessions: Pick<SessionStore, 'release'>
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly logger: Logger
  readonly upkeep: Upkeep
  readonly limits: Pick<Limits, 'sessionTtlMs' | 'connections'>
  warn(message: string, fields: LogFields): void
}

/** Ends a session for good: nobody can resume it, and it leaves wherever it is present. */
export function endSession(node: Node, session: Session): void {
  session.isOver = true
  node.endings.add(session)
  node.presence.end(session)
}

/**
 * The sessions that are over, each until its record is. A store that cannot be reached is asked again, with back-off, for
 * as long as the record can be there; when there are too many, the one that has waited for longest is left to its time.
 *
 * Only this node knows of them: when it dies before the store could be reached, a record lives for the rest of its time.
 */
export class Endings {
  private readonly endings = new Map<string, Ending>()
  private isClosed = false

  constructor(private readonly house: EndingHouse) {}

  /** How many there are. */
  get size(): number {
    return this.endings.size
  }

  /** Whether a session is over, though its record may be there. */
  has(id: string): boolean {
    return this.endings.has(id)
  }

  /** A session is over. */
  add({ id, owner }: Pick<Session, 'id' | 'owner'>): void {
    const { house } = this
    const [oldest] = this.endings.size >= house.limits.connections ? this.endings.values() : []
    if (oldest) {
      house.warn('too many sessions wait for the store to end them: the oldest can be resumed for its time', {})
      this.forget(oldest)
    }
    const ending = new Ending(id, owner, house.clock.now() + house.limits.sessionTtlMs, () => void this.attempt(ending))
    this.endings.set(id, ending)
    void this.attempt(ending)
  }

  /** Somebody holds a session with a higher owner number. */
  remove(id: string, owner: number): void {
    const ending = this.endings.get(id)
    if (ending && ending.owner < owner) this.forget(ending)
  }

  /** The store may be back: what waits is tried at once. */
  resync(): void {
    for (const ending of this.endings.values()) void this.attempt(ending)
  }

  /** Tries once more, since nobody else will. */
  async close(): Promise<void> {
    this.isClosed = true
    await Promise.all([...this.endings.values()].map((ending) => this.attempt(ending)))
  }

  /** Has the store end a session. Never rejects. */
  private attempt(ending: Ending): Promise<void> {
    this.house.wheel.cancel(ending)
    return (ending.attempting ??= this.house.upkeep
      .turn('sessions', () => this.release(ending), ending.failures)
      .done.finally(() => (ending.attempting = undefined)))
  }

  private async release(ending: Ending): Promise<void> {
    const { sessions, clock, wheel, logger } = this.house
    // By the time of its turn somebody else may hold the session.
    if (this.endings.get(ending.id) !== ending) return
    try {
      await sessions.release(ending.id, ending.owner)
      this.forget(ending)
    } catch (error) {
      // Said once for each; that the store cannot be reached is said elsewhere.
      logger[ending.failures === 0 ? 'error' : 'debug']('session store failed', { operation: 'release', error })
      if (clock.now() >= ending.givesUpAt) this.forget(ending)
      const waits = this.endings.get(ending.id) === ending && !this.isClosed
      if (waits) wheel.schedule(ending, this.house.upkeep.delayMs(ending.failures++))
    }
  }

  private forget(ending: Ending): void {
    this.house.wheel.cancel(ending)
    if (this.endings.get(ending.id) === ending) this.endings.delete(ending.id)
  }
}

/** One session that is over, and its record maybe not. */
class Ending implements WheelTask {
  failures = 0
  attempting: Promise<void> | undefined

  constructor(
    readonly id: string,
    readonly owner: number,
    readonly givesUpAt: number,
    private readonly due: () => void,
  ) {}

  turn(): undefined {
    this.due()
  }
}
