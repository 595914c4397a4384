import type { Connection } from './connection.js'
import type { Session } from './session.js'
import type { Target } from './target.js'

/** A session with its one live link. */
export interface HeldLink {
  readonly session: Session
  readonly connection: Connection
  /** When, in milliseconds since 1970. */
  readonly connectedAt: number
}

/** The sessions this node holds, each with its one live link. */
export class SessionRegistry {
  private readonly links = new Map<string, HeldLink>()
  /** The same by user, in the order in which they were attached. */
  private readonly users = new Map<string, Set<HeldLink>>()

  /** How many sessions are held. */
  get size(): number {
    return this.links.size
  }

  /**
   * Gives a session its link. An older link of it is closed.
   *
   * @returns Whether it was given: not when a later claim of the session got here first.
   */
  attach(session: Session, connection: Connection, connectedAt: number): boolean {
    this.superseded(session.id, session.owner)
    if (this.links.has(session.id)) return false
    const held = { session, connection, connectedAt }
    this.links.set(session.id, held)
    if (session.user === null) return true
    const others = this.users.get(session.user)
    if (others) others.add(held)
    else this.users.set(session.user, new Set([held]))
    return true
  }

  /** Forgets a session whose link has ended, unless it has another link by now. Says whether it was held. */
  detach(session: Session): boolean {
    const held = this.links.get(session.id)
    if (held?.session !== session) return false
    this.remove(held)
    return true
  }

  /** Lets go of a session that somebody claimed with a higher owner number. */
  superseded(id: string, owner: number): void {
    const held = this.links.get(id)
    if (!held || held.session.owner >= owner) return
    this.remove(held)
    held.connection.hangup('SUPERSEDED')
  }

  /** The sessions held. */
  sessions(): Session[] {
    return [...this.links.values()].map(({ session }) => session)
  }

  /** All that is held. */
  all(): Iterable<HeldLink> {
    return this.links.values()
  }

  /** What is held of a session, or of a user: in the order in which they connected. */
  of(target: Target): HeldLink[] {
    if ('user' in target) return [...(this.users.get(target.user) ?? [])]
    const held = this.links.get(target.session)
    return held ? [held] : []
  }

  private remove(held: HeldLink): void {
    const { id, user } = held.session
    this.links.delete(id)
    const others = user === null ? undefined : this.users.get(user)
    others?.delete(held)
    if (user !== null && others?.size === 0) this.users.delete(user)
  }
}
