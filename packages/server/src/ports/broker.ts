import type { Gap, Meta, Position, Rebase, Sender, Since } from '@org/realtime-protocol'

/** A message as the log holds it. Its position is its offset in whatever epoch the channel has now. One that is relayed has none. */
export interface StoredPublication {
  /** Number in the log, from 1; 0 of one that is relayed. */
  readonly offset: number
  /** Names the publication. */
  readonly id: string
  /** When it was stored: milliseconds since 1970 by the broker's clock; of one that is relayed, by that of its node. */
  readonly at: number
  /** The data as JSON text. */
  readonly payload: string
  /** Who published; absent when a server did. */
  readonly from?: Sender | undefined
  /** What travels for tools. */
  readonly meta?: Meta | undefined
}

/** How much of a channel's log is kept; whichever bound is met first. */
export interface Retention {
  /** Messages. */
  readonly messages: number
  /** Age of a message. Judged when the log is read. */
  readonly ageMs: number
  /** Sum of the payloads. */
  readonly bytes: number
  /** Time without a publish after which the channel is forgotten, its epoch included. */
  readonly ttlMs: number
}

/** Where a publish stands among those of its producer. PROTOCOL.md §3.4. */
export interface ProducerNumber {
  /** The producer, scoped by its user. */
  readonly producer: string
  /** Number of this publish. */
  readonly seq: number
  /** Lowest number neither acknowledged nor abandoned. */
  readonly lowest: number
}

/** One message to store. */
export interface PublishRequest {
  /** The channel. */
  readonly channel: string
  /** Names the publication. */
  readonly id: string
  /** The data as JSON text. */
  readonly payload: string
  /** Who publishes; absent when a server does. */
  readonly from?: Sender | undefined
  /** What travels for tools. */
  readonly meta?: Meta | undefined
  /** Makes a repeat of the same number take effect once. */
  readonly number?: ProducerNumber | undefined
  /** Whether who publishes waits for the answer; absent: always. A broker may ask before it tries late, and reject instead. */
  readonly isWanted?: (() => boolean) | undefined
  /** Makes a repeat of the same key take effect once. Scoped by whoever publishes. */
  readonly key?: string | undefined
  /** Epoch whose end the publisher wants to know if it is not current any more. */
  readonly epoch?: string | undefined
  /** How much of the log is kept from now on. */
  readonly retention: Retention
}

/** What became of a publish. */
export type PublishOutcome =
  | {
      readonly kind: 'stored'
      /** Id it was stored under; that of the first publish when this one repeats it. */
      readonly id: string
      /** Its position, in the current epoch. */
      readonly position: Position
      /** Where the epoch asked for ended. */
      readonly rebase?: Rebase | undefined
    }
  | {
      /** An earlier number is missing; nothing was stored. */
      readonly kind: 'out-of-order'
      /** The number to send next. */
      readonly expected: number
    }
  | {
      /** The number was used, and its position is no longer known. Nothing was stored now. */
      readonly kind: 'forgotten'
      /** The number to send next. */
      readonly expected: number
    }

/** A verdict on a position, and the messages that follow it. PROTOCOL.md §5.3. */
export interface Recovery {
  /** After it `publications` begin, in the current epoch. */
  readonly position: Position
  /** End of the log. */
  readonly head: Position
  /** What lies between the position asked for and `position`. */
  readonly gap?: Gap | undefined
  /** Where the epoch asked for ended, when it is another than the current one. */
  readonly rebase?: Rebase | undefined
  /** Messages after `position`, without a hole, at most as many as asked for. */
  readonly publications: readonly StoredPublication[]
}

/** Which part of the log to read. With neither `after` nor `before`, the latest messages. */
export interface HistoryQuery {
  /** Read the messages after this position. */
  readonly after?: Position | undefined
  /** Read the messages before this position. */
  readonly before?: Position | undefined
  /** How many at most. */
  readonly limit: number
}

/** A part of the log, oldest first. */
export interface HistoryPage {
  /** End of the log. */
  readonly head: Position
  /** The messages. */
  readonly publications: readonly StoredPublication[]
  /** Whether there is more in the direction of reading. */
  readonly more: boolean
}

/**
 * Keeps the logs of channels and carries publications between nodes. What comes back goes to {@link BrokerHandler}.
 *
 * Atomicity: one `publish` appends to the log, moves the offset, records number and key, trims, and then hands the
 * publication to every subscribed node, as one step; or it does nothing.
 * Order: a node gets the publications of a channel in the order of their positions.
 * Delivery: publications can be lost on the way to a node (never in the log); a hole in the positions shows it.
 * Modes: a log that keeps one message is all that `latest` channels need. `ephemeral` channels are only relayed: nothing
 * of them is kept or made, no log, no epoch, no record.
 * Failure: a promise rejects when the outcome is not known. Repeating a `publish` with the same number or key is safe.
 * Reads (`recover`, `history`) change nothing and never begin an epoch.
 */
export interface Broker {
  /** Begins to hand publications of a channel to this node. Once it resolves, no later one is missed without a hole. */
  subscribe(channel: string): Promise<void>
  /** Ends that. One that is on its way can still arrive. */
  unsubscribe(channel: string): Promise<void>
  /** Stores and distributes one message. Rejects with a `BackendFullError` when there is no room for it. */
  publish(request: PublishRequest): Promise<PublishOutcome>
  /**
   * Hands a message to every node that is subscribed now, in the null epoch, and keeps nothing. Resolves when it is on its
   * way; it can be lost, and never comes twice. Order: as that of publications, among those of one node to a channel.
   */
  relay(channel: string, publication: StoredPublication): Promise<void>
  /** Judges a position and reads on from it; without one, gives the end of the log. */
  recover(channel: string, since: Since | undefined, limit: number): Promise<Recovery>
  /**
   * Reads the log; resolves to `undefined` when the position is not part of the kept history, or when messages directly
   * after `after` are no longer kept. `after` the null position reads from the oldest message.
   */
  history(channel: string, query: HistoryQuery): Promise<HistoryPage | undefined>
}

/** What a broker tells a node. */
export interface BrokerHandler {
  /**
   * Publications of a subscribed channel that come together, in order, at positions of the epoch given; of the null epoch,
   * ones that were relayed.
   */
  deliver(channel: string, epoch: string, publications: readonly StoredPublication[]): void
  /**
   * Whether the log can be reached has changed. Told when it cannot be reached at the moment of joining, too. What it
   * means for requests is for them to find out: they reject.
   */
  degraded(isDegraded: boolean): void
  /** Publications may have been lost, or another history may serve the channels: verify every position. */
  resync(): void
  /**
   * The log of a subscribed channel ends at `head`: whoever is not there verifies its position. Told now and then of
   * channels that are quiet, by a broker that can lose publications on the way; of a channel that is not quiet, the next
   * publication shows what was lost.
   */
  verify(channel: string, head: Position): void
}
