import type { Clock } from '../ports/index.js'
import type { Session } from './session.js'
import type { Target } from './target.js'

/**
 * The sessions whose last link was one of this node, and has ended: while they can be resumed, this node answers for
 * them. Another claim of a session, here or elsewhere, ends that.
 *
 * The one that has been here for longest comes first, and goes first when there are too many.
 */
export class AbsentSessions {
  private readonly sessions = new Map<string, { readonly session: Session; readonly until: number }>()

  /**
   * @param ttlMs For how long a session can be resumed.
   * @param most How many are known at most.
   */
  constructor(
    private readonly clock: Clock,
    private readonly ttlMs: number,
    private readonly most: number,
  ) {}

  /** How many there are. */
  get size(): number {
    return this.sessions.size
  }

  /** The link of a session has ended. */
  add(session: Session): void {
    if (session.isOver) return
    this.sweep()
    const [oldest] = this.sessions.size >= this.most ? this.sessions.keys() : []
    if (oldest !== undefined) this.sessions.delete(oldest)
    this.sessions.set(session.id, { session, until: this.clock.now() + this.ttlMs })
  }

  /** Somebody holds a session with a higher owner number, or it is over. */
  remove(id: string, owner: number): void {
    const absent = this.sessions.get(id)
    if (absent && absent.session.owner < owner) this.sessions.delete(id)
  }

  /** Those of a target. */
  of(target: Target): Session[] {
    this.sweep()
    if ('session' in target) {
      const absent = this.sessions.get(target.session)
      return absent ? [absent.session] : []
    }
    const all = [...this.sessions.values()].map(({ session }) => session)
    return all.filter(({ user }) => user === target.user)
  }

  /** Forgets those that can be resumed no more. */
  sweep(): void {
    const now = this.clock.now()
    for (const [id, { until }] of this.sessions) {
      if (until > now) return
      this.sessions.delete(id)
    }
  }
}
