import type { Attributes } from './core/attributes.js'
import type { Counts, LiveSession } from './core/reach.js'

/** Settings of what reaches sessions on all nodes. */
export interface ReachOptions {
  /** Time in which other nodes have to answer, in milliseconds. Default: 1,000. */
  readonly timeoutMs?: number
}

/** How sessions are sent away. */
export interface DisconnectOptions extends ReachOptions {
  /**
   * Close code, 4000 to 4999. From 4500 on clients stop (with 4500 they ask for a new token first), and their sessions
   * are over; below, they come back. Default: 4506.
   */
  readonly code?: number
  /** Why, for the log of the client; longer ones are cut to 123 bytes. Default: the application ended the session. */
  readonly reason?: string
}

/** Sessions that have a link. */
export interface LiveSessions {
  /** The sessions, in no order. */
  readonly sessions: readonly LiveSession[]
  /** Whether every node answered in time. If not, there may be more. */
  readonly complete: boolean
}

/** A session as the backend knows it, with or without a link. */
export interface KnownSession {
  /** Public id of the session. */
  readonly session: string
  /** Id of the user; `null` for an anonymous one. */
  readonly user: string | null
  /** What `realtime.setAttributes` gave it. */
  readonly attributes: Attributes
  /** Channels that `realtime.subscribe` subscribed it to. */
  readonly subscriptions: readonly string[]
}

/** Numbers over all nodes. */
export interface Totals extends Counts {
  /** How many nodes answered, this one included. */
  readonly nodes: number
  /** Whether every node answered in time. If not, there may be more. */
  readonly complete: boolean
}

const WAIT_MS = 1_000

/** Time to wait for other nodes. @throws TypeError when it is none. */
export function waitMs({ timeoutMs = WAIT_MS }: ReachOptions): number {
  if (!(timeoutMs > 0)) throw new TypeError('timeoutMs must be a number of milliseconds above 0')
  return timeoutMs
}
