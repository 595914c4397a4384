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

/** What the server keeps with a session, on whichever node it is resumed. */
export interface Kept {
  /** Channels that the server subscribed it to. Absent: none. */
  readonly subscriptions?: readonly string[] | undefined
  /** Its attributes: a JSON object as text. Absent: none. */
  readonly attributes?: string | undefined
}

/** A session this node holds, with what is kept with it. */
export interface Claim extends Kept {
  /** Public id of the session. */
  readonly id: string
  /** Counts the claims of the session. A higher one ends the rights of every lower one. */
  readonly owner: number
  /** Whether the session existed. */
  readonly resumed: boolean
}

/** What a node knows of a session it holds; enough to make its record again. */
export interface HeldSession extends Kept {
  /** Public id of the session. */
  readonly id: string
  /** Owner number of the claim it is held by. */
  readonly owner: number
  /** Id of the user; `null` for an anonymous one. */
  readonly user: string | null
  /** Digest of the token that resumes it. */
  readonly digest: string
  /** Number of the latest write of this owner, done or on its way; 0 before the first. See {@link Keeper.number}. */
  readonly number: number
}

/** Who writes what is kept with a session, with the right to: which write of which owner this is. */
export interface Keeper {
  /** Public id of the session. */
  readonly id: string
  /** Owner number of the claim that the session is held by. */
  readonly owner: number
  /**
   * Number of the write: each one of an owner has a higher one than those before it, and the same one when it is
   * repeated. An integer from 1 up to 2^53 − 1. It need not join on to the last.
   */
  readonly number: number
}

/** The record of a session, whoever holds it. */
export interface StoredSession extends Kept {
  /** Public id of the session. */
  readonly id: string
  /** Id of the user; `null` for an anonymous one. */
  readonly user: string | null
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
  /**
   * Renews the records of sessions that have a link. Makes those again that have expired, and those of a lower owner: of
   * a history that has lost the claim; a write of the owner with a lower number than theirs comes too late for those. A
   * record of a higher owner stays as it is, and a session that was released stays over, also when the renewal was on its
   * way before.
   */
  renew(sessions: readonly HeldSession[]): Promise<void>
  /**
   * Writes what the server keeps with a session, in place of all that was written before. So a write that its node has
   * given up, and that arrives late, does not undo what the owner wrote after it.
   *
   * @returns Whether it was written: not when somebody else holds the session by now, its record is gone, or a later
   * write of the same owner has been here before.
   */
  keep(keeper: Keeper, kept: Kept): Promise<boolean>
  /** Ends a session for good, unless somebody holds it by now with a higher owner number. */
  release(id: string, owner: number): Promise<void>
  /** The record of a session, with or without a link; `undefined` when there is none. Changes nothing. */
  read(id: string): Promise<StoredSession | undefined>
}

/** What a session store tells a node. */
export interface SessionHandler {
  /** Another link claimed a session. Whoever holds it with a lower owner number must let go. */
  superseded(id: string, owner: number): void
}
