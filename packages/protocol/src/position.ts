/**
 * A place in the log of one channel. PROTOCOL.md §5.
 *
 * `epoch` is opaque: compare it for equality, nothing else. `offset` counts up by one with each message.
 */
export interface Position {
  /** The history that `offset` counts in. Empty in the null position. */
  readonly epoch: string
  /** Number of the message in its history, from 1; 0 stands before the first one. */
  readonly offset: number
}

/** Before the first message of a channel nobody has written to. Offset 1 of any epoch follows it. */
export const NULL_POSITION: Position = /* @__PURE__ */ Object.freeze({ epoch: '', offset: 0 })

/** What to do with a message that arrives at a position: see {@link judge}. */
export type DeliveryVerdict = 'deliver' | 'drop' | 'hold'

/**
 * How messages are kept and delivered: every one and in order, the newest one, or as they come and no more.
 * PROTOCOL.md §5.5.
 */
export type Mode = 'log' | 'latest' | 'ephemeral'

/**
 * The delivery rule, one for servers and clients alike. PROTOCOL.md §5.2, §5.5.
 *
 * The next offset of the same epoch is delivered; what is not after the last of the same epoch was delivered
 * before and is dropped; everything else is held until a recovery has said how the two histories join. A lower
 * offset of another epoch is held too: after a failover it can be a message nobody here has seen.
 *
 * In another mode than `log` nothing is held: values in between may be missing, so what would be held is delivered.
 * What has no position, as in an `ephemeral` channel, always is.
 *
 * @param last The position after which the next message is due.
 * @param next The position of the message that arrived.
 * @param mode The mode of the channel; absent for a log.
 */
export function judge(last: Position, next: Position, mode?: Exclude<Mode, 'log'>): DeliveryVerdict {
  if (mode && !next.epoch) return 'deliver'
  const same = next.epoch === last.epoch
  if (same && next.offset <= last.offset) return 'drop'
  // Before the first message of a channel there is no epoch yet.
  return mode || ((same || !last.epoch) && next.offset === last.offset + 1) ? 'deliver' : 'hold'
}

/** Where one epoch of a channel ended and which one carries its history on. PROTOCOL.md §5.3. */
export interface Rebase {
  /** The epoch that ended. */
  readonly from: string
  /** Its last offset that is also part of `to`. 0 when nothing of it is. */
  readonly end: number
  /** The epoch that goes on. */
  readonly to: string
}

/**
 * A position named in the epoch that goes on, or `undefined` when the rebase does not cover it: it belongs to
 * another epoch, or it lies past the common end. PROTOCOL.md §5.3.
 */
export function rebased(position: Position, rebase: Rebase): Position | undefined {
  if (position.epoch !== rebase.from || position.offset > rebase.end) return undefined
  return { epoch: rebase.to, offset: position.offset }
}

/**
 * Why a subscriber is told of a gap. A closed list. PROTOCOL.md §5.4.
 *
 * - `trimmed`: `from`..`to` were dropped from the log before they could be delivered.
 * - `slow`: the same, because this subscriber read too slowly.
 * - `rollback`: `from`..`to` were delivered before and are no longer in the log.
 * - `epoch`: the log was lost; another one began. How many messages were lost is not known.
 * - `unknown`: the history of the position is no longer kept. How many messages were lost is not known.
 */
export type GapReason = 'trimmed' | 'slow' | 'rollback' | 'epoch' | 'unknown'

/** What a subscriber missed. PROTOCOL.md §5.4. */
export interface Gap {
  /** Why. */
  readonly reason: GapReason
  /** First offset concerned, inclusive; for `epoch` and `unknown` the last offset delivered. */
  readonly from: number
  /** Last offset concerned, inclusive; for `epoch` and `unknown` the offset that comes next. */
  readonly to: number
}
