/** Asks for a session: a new one, or one that exists. */
export interface ClaimRequest {
  /** Id for a new session. */
  readonly newId: string
  /** The session to resume, with the digest of the token presented for it. */
  readonly resume?: { readonly id: string; readonly digest: string } | undefined
  /** Id of the user; only this user's sessions can be resumed. */
  readonly user: string | null
  /** Digest of the token that resumes the session next time. */
  readonly nextDigest: string
}

/** A session this node holds. */
export interface Claim {
  /** Public id of the session. */
  readonly id: string
  /** Counts the claims of the session. A higher one ends the rights of every lower one. */
  readonly owner: number
  /** Whether the session existed. */
  readonly resumed: boolean
  /** Channels that the server subscribed it to, as they were written last. Absent: none. */
  readonly subscriptions?: readonly string[] | undefined
}

/** What a node knows of a session it holds; enough to make its record again. */
export interface HeldSession {
  /** Public id of the session. */
  readonly id: string
  /** Owner number of the claim it is held by. */
  readonly owner: number
  /** Id of the user; `null` for an anonymous one. */
  readonly user: string | null
  /** Digest of the token that resumes it. */
  readonly digest: string
  /** Channels that the server subscribed it to. Absent: none. */
  readonly subscriptions?: readonly string[] | undefined
}

/**
 * Keeps who holds which session. Nothing that a resume needs is written when a node or a link ends: a record lives
 * for the session's time to live after the last renewal, whatever became of its node.
 *
 * `claim` is atomic: of two claims at once, one gets the higher owner number and the other node is told
 * ({@link SessionHandler}). A wrong token, another user or a missing record give a new session, never an error.
 */
export interface SessionStore {
  /** Takes a session over or begins one. The presented token stays valid beside the next one until `confirm`. */
  claim(request: ClaimRequest): Promise<Claim>
  /** The client has the new token: only that one resumes the session from now on. */
  confirm(id: string, owner: number): Promise<void>
  /** Renews the records of sessions that have a link, and makes those again that have expired. */
  renew(sessions: readonly HeldSession[]): Promise<void>
  /**
   * Writes the channels that the server subscribed a session to, in place of those written before.
   *
   * @returns Whether it was written: not when somebody else holds the session by now, or its record is gone.
   */
  keep(id: string, owner: number, subscriptions: readonly string[]): Promise<boolean>
  /** Ends a session for good, unless somebody else holds it by now. */
  release(id: string, owner: number): Promise<void>
}

/** What a session store tells a node. */
export interface SessionHandler {
  /** Another link claimed a session. Whoever holds it with a lower owner number must let go. */
  superseded(id: string, owner: number): void
}
