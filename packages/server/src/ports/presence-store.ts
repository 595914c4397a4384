import type { Position, Sender } from '@org/realtime-protocol'

/** A session that is present in a channel, and what it shows of itself. */
export interface StoredMember extends Sender {
  /** What it shows of itself, as JSON text; absent when it shows nothing. */
  readonly payload?: string | undefined
}

/** A member, with the right to be one: the owner number of the session that enters it. */
export interface Entrant extends StoredMember {
  /** Owner number of the claim that the session is held by. */
  readonly owner: number
}

/** What became of a request to enter or to leave. */
export type PresenceOutcome =
  | {
      readonly kind: 'done'
      /** The latest change of the channel, this one or an earlier one. */
      readonly position: Position
    }
  | {
      /** Somebody with a higher owner number has entered the session; nothing was done. */
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
  readonly members: ReadonlyArray<Pick<Entrant, 'session' | 'owner'>>
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
 * Owners: `enter`, `leave` and `renew` take effect only when their owner number is not below the one stored; the number
 * stored is the highest of them. So the late leave of a node that has lost a session changes nothing.
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
 * Failure: a promise rejects when the outcome is not known. Every operation may be repeated.
 */
export interface PresenceStore {
  /** Begins to hand changes of a channel to this node. Once it resolves, no later one is missed without a hole. */
  watch(channel: string): Promise<void>
  /** Ends that. One that is on its way can still arrive. */
  unwatch(channel: string): Promise<void>
  /** Makes a session a member for `ttlMs`, or changes what it shows. */
  enter(channel: string, entrant: Entrant, ttlMs: number): Promise<PresenceOutcome>
  /** Removes a member, if it is there. */
  leave(channel: string, session: string, owner: number): Promise<PresenceOutcome>
  /** Who is there; without the members when there are more than `limit`. Changes nothing. */
  list(channel: string, limit: number): Promise<PresenceList>
  /**
   * Has members live for `ttlMs` from now, longer or shorter than before.
   *
   * @returns Those that are not there, for their node to enter again. Members of a higher owner are passed over.
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
