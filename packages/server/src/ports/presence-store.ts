import type { Position, Sender } from '@org/realtime-protocol'

/** A session that is present in a channel, and what it shows of itself. */
export interface StoredMember extends Sender {
  /** What it shows of itself, as JSON text; absent when it shows nothing. */
  readonly payload?: string | undefined
}

/** Who leaves, with the right to: which operation of which owner this is. */
export interface Leaver {
  /** Public id of the session. */
  readonly session: string
  /** Owner number of the claim that the session is held by. */
  readonly owner: number
  /**
   * Number of the operation: each `enter` and `leave` of an owner has a higher one than those before it, and the same
   * one when it is repeated. An integer from 1 up to 2^53 − 1. It need not join on to the last: a node takes its time of
   * day, so that two nodes that were given one owner number, by histories that did not know each other, have an order.
   */
  readonly number: number
}

/** A member, with the right to be one. */
export interface Entrant extends StoredMember, Leaver {}

/** What became of a request to enter or to leave. */
export type PresenceOutcome =
  | {
      readonly kind: 'done'
      /** The latest change of the channel, this one or an earlier one. */
      readonly position: Position
    }
  | {
      /** A higher owner, or a later operation of the same one, has been here before; nothing was done. */
      readonly kind: 'superseded'
    }

/** One change of the set of members. */
export interface PresenceChange {
  /** Its position: every change has the next offset of the channel's presence. */
  readonly position: Position
  /** `join`: somebody is there who was not, or shows something else now. `leave`: somebody is gone. */
  readonly kind: 'join' | 'leave'
  /** Who; without a payload when it leaves. */
  readonly member: StoredMember
  /** How many members there are now. */
  readonly count: number
}

/** Who is present, as of a position. */
export interface PresenceList {
  /** The latest change that is part of it. */
  readonly position: Position
  /** How many members there are. */
  readonly count: number
  /** The members; absent when there are more than asked for. */
  readonly members?: readonly StoredMember[] | undefined
}

/** The members of a channel that a node answers for. */
export interface Renewal {
  /** The channel. */
  readonly channel: string
  /** Its members, each with the owner number it was entered with. */
  readonly members: ReadonlyArray<Pick<Leaver, 'session' | 'owner'>>
}

/** A member that was to be renewed and is not there. */
export interface MissingMember {
  /** The channel. */
  readonly channel: string
  /** Public id of the session. */
  readonly session: string
}

/** Where the presence of a channel stands. */
export interface PresenceHead {
  /** The channel. */
  readonly channel: string
  /** Its latest change. */
  readonly position: Position
}

/**
 * Keeps who is present in which channel: members by session, each with the owner number of the claim that entered it
 * and a time to live. What changes goes to {@link PresenceHandler}.
 *
 * Members: a session is at most once in a channel. It is there from `enter` until `leave` or until it is reaped, and
 * not one moment less: a member whose time is over stays, and can be renewed, until somebody reaps it. Only
 * `reap` looks at times.
 * Order of operations: `enter` and `leave` take effect only when their owner and number are not below those stored of
 * the session in the channel: the owner is compared first, then the number. They are stored then. `renew` takes effect
 * when its owner is not below the one stored; a higher one is stored, with number 0. So neither the leave of a node that
 * has lost a session, nor a request that its node has given up and that arrives late, undoes what came after it.
 * Of a session that leaves, they are remembered for the time that its `leave` says, also when it was not there: an
 * `enter` on its way is refused then. One that comes even later is a member that nobody renews, until it is reaped.
 * Nothing is remembered of a member that is reaped, since its node may be alive and enter it again.
 * Changes: whoever joins, shows something else, or leaves makes one change, with the next offset of the channel's
 * epoch, and it is handed to every watching node in the same step. To enter again with the same user and payload is no
 * change: it takes over the owner number and the time to live, and nobody is told. Of a session, leaves come only after
 * joins, one for each time that it was there.
 * Epochs: the first change begins one. A channel without members that no node watches may be forgotten; it begins anew
 * with another epoch. So does every channel when another history serves the store: its members may be others then.
 * Order: a node gets the changes of a channel in the order of their positions. Changes can be lost on the way; a hole
 * in the positions shows it.
 * Atomicity: each operation on one channel is one step. A batch over channels is one step for each.
 * Bounds: nothing here lists channels. A channel whose members have all been dead for long, and that no node watches,
 * is forgotten by itself, without leaves: nobody is there to hear of them.
 * Failure: a promise rejects when the outcome is not known; `enter` also with `BackendFullError`, when the store holds as
 * much as it may: nothing was done then. Every operation may be repeated.
 */
export interface PresenceStore {
  /** Begins to hand changes of a channel to this node. Once it resolves, no later one is missed without a hole. */
  watch(channel: string): Promise<void>
  /** Ends that. One that is on its way can still arrive. */
  unwatch(channel: string): Promise<void>
  /** Makes a session a member for `ttlMs`, or changes what it shows. */
  enter(channel: string, entrant: Entrant, ttlMs: number): Promise<PresenceOutcome>
  /** Removes a member, if it is there, and remembers for `ttlMs` which operation it was. */
  leave(channel: string, leaver: Leaver, ttlMs: number): Promise<PresenceOutcome>
  /** Who is there; without the members when there are more than `limit`. Changes nothing. */
  list(channel: string, limit: number): Promise<PresenceList>
  /**
   * Has members live for `ttlMs` from now, longer or shorter than before.
   *
   * @returns Those that are not there, for their node to enter again. Members of a higher owner are passed over: they are
   * there.
   */
  renew(renewals: readonly Renewal[], ttlMs: number): Promise<readonly MissingMember[]>
  /**
   * Removes the members of these channels whose time is over. Of several nodes that reap at once, one finds a member.
   *
   * @returns Where each channel stands afterwards, in the order asked.
   */
  reap(channels: readonly string[]): Promise<readonly PresenceHead[]>
}

/** What a presence store tells a node. */
export interface PresenceHandler {
  /** The members of a watched channel have changed. */
  presenceChanged(channel: string, change: PresenceChange): void
}
