import { CLOSE_CODES } from '@org/realtime-protocol'
import type { Attributes } from './core/attributes.js'
import type { Dismissal } from './core/dismissals.js'
import type { Answers } from './core/fellows.js'
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

/** How sessions are sent away. @throws TypeError when the close code is not one for that. */
export function dismissal({
  code = CLOSE_CODES.ENDED.code,
  reason = CLOSE_CODES.ENDED.reason,
}: DisconnectOptions): Dismissal {
  if (!Number.isInteger(code) || code < 4000 || code > 4999) throw new TypeError('a close code is 4000 to 4999')
  return { code, reason }
}

/** The sum of what nodes counted. */
export function totals({ answers, complete }: Answers<Counts>): Totals {
  const sum = (of: keyof Counts): number => answers.reduce((total, counts) => total + counts[of], 0)
  return { connections: sum('connections'), sessions: sum('sessions'), nodes: answers.length, complete }
}
