import type {
  ChannelStateEvent,
  ClientStateEvent,
  ConnectedEvent,
  GapEvent,
  Message,
  OutboxEvent,
  RollbackEvent,
} from './core/events.js'

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
  /** A listener or callback of the application threw. The client goes on. */
  readonly error: FaultEvent
}

/** A listener or callback of the application threw. */
export interface FaultEvent {
  /** What it threw. */
  readonly error: unknown
}

/** Events of a channel, with what listeners get. */
export interface ChannelEvents<T = unknown> {
  /** A message. Listening for it is what subscribes. */
  readonly message: Message<T>
  /** Messages are missing before the next one. */
  readonly gap: GapEvent
  /** Acknowledged publishes are no longer in the log. */
  readonly rollback: RollbackEvent
  /** The subscription changed. */
  readonly state: ChannelStateEvent
}

/** How to listen. */
export interface ListenOptions {
  /** Ends the listening when it aborts. */
  readonly signal?: AbortSignal
}
