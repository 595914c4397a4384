import type { Connection } from './connection.js'
import type { Session } from './session.js'

/** The sessions this node holds, each with its one live link. */
export class SessionRegistry {
  private readonly links = new Map<string, { session: Session; connection: Connection }>()

  /** How many sessions are held. */
  get size(): number {
    return this.links.size
  }

  /**
   * Gives a session its link. An older link of it is closed.
   *
   * @returns Whether it was given: not when a later claim of the session got here first.
   */
  attach(session: Session, connection: Connection): boolean {
    this.superseded(session.id, session.owner)
    if (this.links.has(session.id)) return false
    this.links.set(session.id, { session, connection })
    return true
  }

  /** Forgets a session whose link has ended, unless it has another link by now. */
  detach(session: Session): void {
    if (this.links.get(session.id)?.session === session) this.links.delete(session.id)
  }

  /** Lets go of a session that somebody claimed with a higher owner number. */
  superseded(id: string, owner: number): void {
    const held = this.links.get(id)
    if (!held || held.session.owner >= owner) return
    this.links.delete(id)
    held.connection.hangup('SUPERSEDED')
  }

  /** The sessions held. */
  sessions(): Session[] {
    return [...this.links.values()].map(({ session }) => session)
  }
}
