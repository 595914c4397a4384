import type {
  ChannelStateEvent,
  ClientStateEvent,
  ConnectedEvent,
  GapEvent,
  Message,
  OutboxEvent,
  PresenceList,
  PresentUser,
  RollbackEvent,
} from './core/events.js'
import type { WaitOptions } from './options.js'

export type * from './core/events.js'

/** Events of a client, with what listeners get. */
export interface ClientEvents {
  /** The connection changed. */
  readonly state: ClientStateEvent
  /** A link is up. Comes again with each reconnect. */
  readonly connected: ConnectedEvent
  /** A gap of a channel on which nobody listens for gaps. */
  readonly gap: GapEvent
  /** A rollback of a channel on which nobody listens for rollbacks. */
  readonly rollback: RollbackEvent
  /** A publish went one step further. */
  readonly outbox: OutboxEvent
  /** A message of a channel on which nobody listens for messages: the server subscribed this client to it. */
  readonly message: Message
  /**
   * A listener, callback or method of the application threw; or the presence of a channel, entered or listened for,
   * was refused. The client goes on.
   */
  readonly error: FaultEvent
}

/** Something failed that nobody waits for. */
export interface FaultEvent {
  /** What was thrown, or why the server refused. */
  readonly error: unknown
}

/** Events of a channel, with what listeners get. */
export interface ChannelEvents<T = unknown, P = unknown> {
  /** A message. Listening for it is what subscribes. */
  readonly message: Message<T>
  /** Messages are missing before the next one. */
  readonly gap: GapEvent
  /** Acknowledged publishes are no longer in the log. */
  readonly rollback: RollbackEvent
  /** The subscription changed. */
  readonly state: ChannelStateEvent
  /** The first session of a user has become present. Listening watches who is, and subscribes to no message. */
  readonly join: PresentUser<P>
  /** The last session of a user is no longer present. Listening watches who is. */
  readonly leave: PresentUser<P>
  /** Who is present: once at first, then after each change. Listening watches who is. */
  readonly presence: PresenceList<P>
}

/** How to listen. */
export interface ListenOptions {
  /** Ends the listening when it aborts. */
  readonly signal?: AbortSignal
}

/** Who is present in a channel. */
export interface ChannelPresence<Shows = unknown, Seen = unknown> {
  /**
   * Becomes present, or shows something else. Stays so over any number of links until `leave` or the end of the client.
   * Resolves when it is known to the others; waits as long as there is no link.
   *
   * @throws {@link RealtimeError} `FORBIDDEN`, `INVALID_DATA` and others of the server; `ABORTED` when it was left
   * meanwhile; `OUTBOX_FULL`, `CLOSED`.
   */
  enter(...data: undefined extends Shows ? [data?: Shows] : [data: Shows]): Promise<void>
  /**
   * Is no longer present. Without a link, the server sees to it within seconds by itself; the next link is told in any
   * case, and the promise waits for that.
   *
   * @throws {@link RealtimeError} those of the server; `ABORTED` when it was left once more meanwhile; `CLOSED`.
   */
  leave(): Promise<void>
  /**
   * Reads who is present, once.
   *
   * @throws {@link RealtimeError} `FORBIDDEN` and others of the server; `TIMEOUT`, `OUTBOX_FULL`, `ABORTED`, `CLOSED`.
   */
  get(options?: WaitOptions): Promise<PresenceList<Seen>>
}
