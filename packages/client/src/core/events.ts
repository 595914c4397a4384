import type { Data, Gap, GapReason, Position, Publication, Sender } from '@org/realtime-protocol'
import type { RealtimeError } from './errors.js'

/** What a client is doing. `connecting` includes waiting for the next attempt; `closed` is final. */
export type ClientStatus = 'idle' | 'connecting' | 'connected' | 'closed'

/** All that can be said about the connection. */
export interface ClientState {
  /** What the client is doing. */
  readonly status: ClientStatus
  /** Attempts that failed since the connection was last stable. */
  readonly attempt: number
  /** While waiting and not offline: milliseconds until the next attempt, counted from when this object was made. */
  readonly retryInMs?: number | undefined
  /** While waiting and not offline: when the next attempt comes, by the client's clock (`performance.now()`), in milliseconds. */
  readonly retryAt?: number | undefined
  /** Whether the platform says that there is no network. Nothing is dialled meanwhile. */
  readonly offline: boolean
  /** Whether the server says that its logs cannot be reached: messages do not come, and publishes wait in the outbox. */
  readonly degraded: boolean
  /** Why the client was ended. Absent when the application closed it. */
  readonly error?: RealtimeError | undefined
  /** Code with which the last link ended, while there is no new one. */
  readonly closeCode?: number | undefined
  /** Reason with which the last link ended, while there is no new one. */
  readonly reason?: string | undefined
}

/** The connection changed. */
export interface ClientStateEvent extends ClientState {
  /** The status before. */
  readonly previous: ClientStatus
}

/** A link is up and the server knows who we are. */
export interface ConnectedEvent {
  /** Public id of the session. */
  readonly session: string
  /** Id of the user; `null` for an anonymous one. */
  readonly user: string | null
  /** Whether the session existed before. */
  readonly resumed: boolean
  /** What the application says to a new connection. */
  readonly hello: Data
  /** Milliseconds until the token expires, if it does. */
  readonly expiresInMs?: number | undefined
}

/** A user who is present in a channel. Anonymous users are one for each session. */
export interface PresentUser<T = unknown> extends Sender {
  /** What the user shows: of several sessions, the one that came or changed last. */
  readonly data?: T
}

/** Who is present in a channel. */
export interface PresenceList<T = unknown> {
  /** How many sessions are present. A user can have several. */
  readonly count: number
  /** Users who are present; absent when they are too many to be listed, and only counted. */
  readonly members?: ReadonlyArray<PresentUser<T>> | undefined
}

/** What a subscription is doing. */
export type ChannelStatus = 'unsubscribed' | 'subscribing' | 'subscribed'

/** All that can be said about the subscription of a channel. */
export interface ChannelState {
  /** What it is doing. */
  readonly status: ChannelStatus
  /** Why it was refused or ended, while `unsubscribed`. */
  readonly error?: RealtimeError | undefined
  /** While `subscribed`: how many messages lay between its position and the end of the log when it started. */
  readonly recovered?: number
  /** While `subscribed`: whether it went on from an earlier position and nothing was missing. */
  readonly resumed?: boolean
}

/** The subscription changed. */
export interface ChannelStateEvent extends ChannelState {
  /** The status before. */
  readonly previous: ChannelStatus
}

/** A message of a channel. */
export interface Message<T = unknown> extends Publication {
  /** What the publisher said, as the schema of the channel gave it. */
  readonly data: T
  /** Whether it was stored before the subscription started (or resumed), so that it is news from the past. */
  readonly recovered: boolean
}

/** Messages are missing before the next one. */
export interface GapEvent extends Gap {
  /** The channel. */
  readonly channel: string
  /** Why: see {@link GapReason}. */
  readonly reason: GapReason
  /** After this position the next message comes. */
  readonly position: Position
}

/** Publishes of this client that were acknowledged are no longer in the log. */
export interface RollbackEvent {
  /** The channel. */
  readonly channel: string
  /** Ids of the publications that are gone. Publish them again if they still matter. */
  readonly ids: readonly string[]
}

/** A publish that waits for its acknowledgement. */
export interface OutboxEntry {
  /** Id of the publication. */
  readonly id: string
  /** The channel. */
  readonly channel: string
  /** What is published, as it was when `publish` was called. */
  readonly data: Data
  /** The idempotency key that `publish` was given. */
  readonly key?: string | undefined
  /** `queued`: never sent yet. `sent`: sent at least once. */
  readonly state: 'queued' | 'sent'
  /** When `publish` was called, by the client's clock, in milliseconds. */
  readonly at: number
}

/** A publish went one step further. */
export interface OutboxEvent extends Omit<OutboxEntry, 'state'> {
  /** `stored` and `failed` are final. */
  readonly state: 'queued' | 'sent' | 'stored' | 'failed'
  /** Why it failed. */
  readonly error?: RealtimeError | undefined
}

/** Where a publish was stored. */
export interface Published extends Position {
  /** Id under which it was stored; another than asked for when `key` was a repeat. */
  readonly id: string
}

/** A page of the log. */
export interface HistoryPage<T = unknown> {
  /** The messages, oldest first. */
  readonly publications: ReadonlyArray<Publication & { readonly data: T }>
  /** The end of the log. */
  readonly position: Position
  /** Whether there is more in the direction of reading. */
  readonly more: boolean
}

/** Why a token is asked for. */
export type TokenReason = 'connect' | 'expired' | 'rejected'
