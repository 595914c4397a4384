/**
 * What a simulation writes down while it runs, and all that the checker knows of it.
 *
 * The order of the record is the order of time: of two events the earlier one in the array happened first, also when
 * both carry the same `at`. Names of channels, ids of publishes and names of subscribers are free strings; an id is
 * unique within its channel.
 */
import type { Position } from './position.js'

interface Stamped {
  /** Virtual time, in ms. */
  readonly at: number
}

/** How a channel keeps and delivers its messages, where it is not a log. Comes before all else of the channel. */
export interface Declared extends Stamped {
  readonly type: 'channel'
  readonly channel: string
  readonly mode: Mode
}

export type Mode = 'latest' | 'ephemeral'

/** How many messages the log of a channel keeps; older ones are trimmed. Comes before all else of the channel. */
export interface Retained extends Stamped {
  readonly type: 'retention'
  readonly channel: string
  readonly messages: number
}

/** A user called publish. One id per call; retries inside the client are the same call. */
export interface PubInvoke extends Stamped {
  readonly type: 'pub.invoke'
  /** The life of one client object: a client that is made anew publishes under another name. */
  readonly publisher: string
  readonly channel: string
  readonly id: string
  /**
   * Whether it is a server's own, made with a key: it is repeated with that key, takes effect once all the same, and may be
   * acknowledged each time. Nobody tells a server of what is lost later. Default: a client's.
   */
  readonly isKeyed?: boolean
}

/** The publish was acknowledged: it is stored at `position`. */
export interface PubOk extends Stamped {
  readonly type: 'pub.ok'
  readonly publisher: string
  readonly channel: string
  readonly id: string
  readonly position: Position
}

/** The publish is certainly not stored: refused, or rejected before it was sent. */
export interface PubFail extends Stamped {
  readonly type: 'pub.fail'
  readonly publisher: string
  readonly channel: string
  readonly id: string
  readonly code: string
}

/** The publish may be stored or not. */
export interface PubUnknown extends Stamped {
  readonly type: 'pub.unknown'
  readonly publisher: string
  readonly channel: string
  readonly id: string
  readonly code: string
}

/** The publisher's client was told that these acknowledged publishes are gone. */
export interface PubRollback extends Stamped {
  readonly type: 'rollback'
  readonly publisher: string
  readonly channel: string
  readonly ids: readonly string[]
}

/** Where the user asked a subscription to begin; nothing means now. */
export type Since = Position | 'start' | { readonly last: number }

/**
 * A new subscription of the logical subscriber began: messages after `position` are owed. A resume is not a new
 * subscription. With a requested position messages after *that* are owed, and a `gap` or `rebase` event after this
 * one tells what became of the difference.
 */
export interface SubOk extends Stamped {
  readonly type: 'sub.ok'
  readonly subscriber: string
  readonly channel: string
  readonly position: Position
  readonly requested?: Since
}

/** The subscription ended; nothing is delivered after it. */
export interface SubEnd extends Stamped {
  readonly type: 'sub.end'
  readonly subscriber: string
  readonly channel: string
}

/**
 * The subscriber's client was made anew and goes on from the position it had stored. A position older than the last
 * one takes back what was delivered after it: that is owed again.
 */
export interface SubRestart extends Stamped {
  readonly type: 'sub.restart'
  readonly subscriber: string
  readonly channel: string
  readonly from: Position
}

/** All listeners of the subscriber were called with this message. */
export interface Deliver extends Stamped {
  readonly type: 'deliver'
  readonly subscriber: string
  readonly channel: string
  readonly id: string
  readonly position: Position
}

export const GAP_REASONS = ['trimmed', 'slow', 'rollback', 'epoch', 'unknown'] as const
export type GapReason = (typeof GAP_REASONS)[number]

/**
 * The subscriber was told of a gap and goes on after `position`: offset + 1 of that epoch is next.
 *
 * - `trimmed`, `slow`: `from`..`to` were never delivered; `from` is the last offset + 1, `to` is `position.offset`.
 * - `rollback`: `from`..`to` are no longer in the log; `from` is `position.offset` + 1, `to` is the last offset.
 * - `epoch`, `unknown`: `from` is the last offset, `to` is where it goes on (`position.offset` or the offset after it).
 */
export interface GapTold extends Stamped {
  readonly type: 'gap'
  readonly subscriber: string
  readonly channel: string
  readonly reason: GapReason
  readonly from: number
  readonly to: number
  readonly position: Position
}

/**
 * The subscriber's position kept its offset and took another epoch, by a rebase frame or because a recovery answered
 * that the lineage continues.
 */
export interface Rebased extends Stamped {
  readonly type: 'rebase'
  readonly subscriber: string
  readonly channel: string
  /** The epoch that ended. */
  readonly from: string
  /** Its last offset that is also part of `to`. */
  readonly end: number
  readonly to: string
}

/** A client reached a server: its session is established on this link. `client` is also its name as a publisher. */
export interface ConnUp extends Stamped {
  readonly type: 'conn.up'
  readonly client: string
  readonly session: string
  readonly node: string
  readonly link: string
}

export interface ConnDown extends Stamped {
  readonly type: 'conn.down'
  readonly client: string
  readonly link: string
  readonly code?: number
}

/** A client stopped for good, and told its application so. */
export interface ClientOver extends Stamped {
  readonly type: 'client.over'
  readonly client: string
  readonly code?: number
}

/** The application asks that a session ends for good: it leaves wherever it is present. */
export interface SessionEnding extends Stamped {
  readonly type: 'session.ending'
  readonly session: string
}

/** The application was answered that a session is over, wherever it was held. */
export interface SessionOver extends Stamped {
  readonly type: 'session.over'
  readonly session: string
}

/** On the server: the link claimed its session (on a move: when it commits, not when it attaches). */
export interface LinkOpen extends Stamped {
  readonly type: 'link.open'
  readonly node: string
  readonly session: string
  readonly link: string
}

/** On the server: the link ended or was detached. The links of a killed node end when it is killed. */
export interface LinkClose extends Stamped {
  readonly type: 'link.close'
  readonly node: string
  readonly session: string
  readonly link: string
}

/** A sample of a queue or buffer with the limit it must keep. */
export interface Bound extends Stamped {
  readonly type: 'bound'
  readonly name: string
  readonly value: number
  readonly limit: number
}

/** A life of a client ended: the object is gone, without a word to anybody. */
export interface ClientEnd extends Stamped {
  readonly type: 'client.end'
  readonly client: string
}

/** The application of a client asked to be present in a channel, showing `data`, or to leave. */
export interface PresenceCall extends Stamped {
  readonly type: 'presence.call'
  readonly client: string
  readonly user: string
  readonly channel: string
  /** One for each call. */
  readonly id: string
  readonly action: 'enter' | 'leave'
  readonly data?: string
}

/** What came of it; not ok, it may have been done or not. */
export interface PresenceSettled extends Stamped {
  readonly type: 'presence.settled'
  readonly id: string
  readonly ok: boolean
}

/** A life of a client began to watch who is present, or ended it. */
export interface PresenceWatch extends Stamped {
  readonly type: 'presence.watch' | 'presence.unwatch'
  readonly client: string
  readonly channel: string
}

/** A watching client was told who is present: each user once, with what it shows. */
export interface PresenceSeen extends Stamped {
  readonly type: 'presence.seen'
  readonly client: string
  readonly channel: string
  readonly users: Readonly<Record<string, string>>
}

/** A watching client was told that a user came or went. */
export interface PresenceTold extends Stamped {
  readonly type: 'presence.told'
  readonly client: string
  readonly channel: string
  readonly kind: 'join' | 'leave'
  readonly user: string
}

/** One session that is present, as the store has it. */
export interface StoredPresence {
  readonly session: string
  readonly user: string
  /** What it shows; nothing in a leave. */
  readonly data?: string
}

/** The store changed who is present. */
export interface PresenceChanged extends StoredPresence, Stamped {
  readonly type: 'presence.change'
  readonly channel: string
  readonly kind: 'join' | 'leave'
  readonly position: Position
}

/** Another history serves: these are the members from now on. */
export interface PresenceBase extends Stamped {
  readonly type: 'presence.base'
  readonly channel: string
  readonly members: readonly StoredPresence[]
}

/** A look at the store, at a time when everything has had time to come right. */
export interface PresenceAudit extends Stamped {
  readonly type: 'presence.audit'
  readonly channel: string
  readonly members: readonly StoredPresence[]
}

/** Somebody called a method of the other side. */
export interface CallInvoke extends Stamped {
  readonly type: 'call.invoke'
  /** One for each call. */
  readonly id: string
  /** The life of a client, or a node. */
  readonly caller: string
  readonly side: 'client' | 'server'
  /** Whether it may run more than once. */
  readonly idempotent: boolean
  /** Least time after which it may be told that the outcome is not known, although no link was lost. */
  readonly unknownAfterMs: number
}

/** The method of the other side began to run for a call. */
export interface CallRan extends Stamped {
  readonly type: 'call.ran'
  readonly id: string
}

/** What the caller was told. */
export interface CallSettled extends Stamped {
  readonly type: 'call.settled'
  readonly id: string
  readonly outcome: 'answered' | 'failed' | 'unknown'
  readonly code?: string
  /** The call that the method says it answers. */
  readonly answer?: string
}

/**
 * A fault was injected. Options say which kinds may lose stored data. One that takes its time to lose it, as a split brain
 * does, is recorded when it begins and again when it is over: gaps may be told from the first on, and publishers are
 * owed the news once they reach a server after the last.
 */
export interface Fault extends Stamped {
  readonly type: 'fault'
  readonly kind: string
  /** When it is over, if servers may ask the log in vain meanwhile. */
  readonly until?: number
  /** Plain data, for people. */
  readonly detail?: unknown
}

/** All faults are over. */
export interface Heal extends Stamped {
  readonly type: 'heal'
}

/** The run is over. Only dumps follow. */
export interface End extends Stamped {
  readonly type: 'end'
}

export interface LogEntry {
  readonly offset: number
  readonly id: string
}

/** The log of a channel as the broker keeps it at the end; it begins above offset 1 if it was trimmed. */
export interface LogDump extends Stamped {
  readonly type: 'log'
  readonly channel: string
  readonly epoch: string
  readonly entries: readonly LogEntry[]
  readonly head: Position
}

export interface EndedEpoch {
  readonly epoch: string
  /** Last offset of it that the final log has inherited. */
  readonly end: number
}

/**
 * The epochs that the final one continues. A simulation that rotates more often than the broker remembers lists them
 * all: an epoch that is missing here counts as lost.
 */
export interface LineageDump extends Stamped {
  readonly type: 'lineage'
  readonly channel: string
  readonly epoch: string
  readonly ended: readonly EndedEpoch[]
}

/**
 * A history of a log that was given up, for another one had taken over: how far it had come. Whoever stood in it is told, and
 * as long as it was served, others may have been led into it.
 */
export interface Undone extends Stamped {
  readonly type: 'undone'
  readonly channel: string
  readonly head: Position
  /** The epochs that it has in common with others, and how far. */
  readonly ended: readonly EndedEpoch[]
  /**
   * The nodes that went on with it beside the one that had taken over, so that only their clients can have been led into
   * it. Absent: there was no other one as long as it was served.
   */
  readonly nodes?: readonly string[]
}

export type PublishEvent = PubInvoke | PubOk | PubFail | PubUnknown
export type SubscriberEvent = SubOk | SubEnd | SubRestart | Deliver | GapTold | Rebased

export type PresenceEvent =
  | PresenceCall
  | PresenceSettled
  | PresenceWatch
  | PresenceSeen
  | PresenceTold
  | PresenceChanged
  | PresenceBase
  | PresenceAudit

export type CallEvent = CallInvoke | CallRan | CallSettled

export type HistoryEvent =
  | Declared
  | Retained
  | PublishEvent
  | PubRollback
  | SubscriberEvent
  | ConnUp
  | ConnDown
  | ClientEnd
  | ClientOver
  | SessionEnding
  | SessionOver
  | PresenceEvent
  | CallEvent
  | LinkOpen
  | LinkClose
  | Bound
  | Fault
  | Heal
  | End
  | LogDump
  | LineageDump
  | Undone

/** An event and its place in the record, which is what "before" and "after" mean. */
export interface Recorded<E extends HistoryEvent = HistoryEvent> {
  readonly index: number
  readonly event: E
}
