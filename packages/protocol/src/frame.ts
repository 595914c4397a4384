import type { Gap, Mode, Position, Rebase } from './position.js'

/** Any value JSON can carry, as the application sees it. */
export type Data = unknown

/** Small texts that travel with a publication for tools, such as `traceparent`. At most 1,024 bytes as JSON. */
export type Meta = Readonly<Record<string, string>>

/** Where a subscription starts: after a position, with the oldest kept message, or with the last n. Absent: now. */
export type Since =
  | Position
  | 'start'
  | {
      /** How many messages before the end of the log. */
      readonly last: number
    }

/** Who published, as subscribers see it: never a claim, never a secret. */
export interface Sender {
  /** Id of the user; `null` for an anonymous one. */
  readonly user: string | null
  /** Public id of the session. */
  readonly session: string
}

/** A message in the log of a channel. PROTOCOL.md §5. */
export interface Publication {
  /** The channel. */
  readonly channel: string
  /** Epoch of its position. */
  readonly epoch: string
  /** Offset of its position; 0 in an `ephemeral` channel, with an empty epoch. */
  readonly offset: number
  /** Names the publication; its publisher chose it. Unique together with `from`. */
  readonly id: string
  /** When it was stored, by the clock of the log, in milliseconds since 1970. */
  readonly at: number
  /** What the publisher said, as the schema of the channel gave it. */
  readonly data: Data
  /** Who published; absent when a server did. */
  readonly from?: Sender
  /** What travels for tools. */
  readonly meta?: Meta
}

/** Asks for one subscription, alone or inside `connect`. PROTOCOL.md §3.3. */
export interface SubscribeRequest {
  /** The channel. */
  readonly channel: string
  /** Number of this subscription among those of the channel, counted up by the client. Answers carry it back. */
  readonly generation: number
  /** Where to start. */
  readonly since?: Since
}

/** First frame of a link. PROTOCOL.md §3.1. */
export interface ConnectFrame {
  readonly type: 'connect'
  /** Names the source of this client's publishes: 22 to 64 characters, random, secret, made once. */
  readonly producer: string
  /** Credential for the application's `authenticate`. */
  readonly token?: string
  /** Whatever the application wants `authenticate` to know. */
  readonly data?: Data
  /** The session to resume and the proof that it is one's own. */
  readonly session?: { readonly id: string; readonly token: string }
  /** Subscriptions to start or resume at once. */
  readonly subscriptions?: readonly SubscribeRequest[]
  /** Channels with recently acknowledged publishes, and the latest position of the oldest epoch among them. */
  readonly acknowledged?: ReadonlyArray<Position & { readonly channel: string }>
  /** What this client is, for logs. */
  readonly client?: { readonly name: string; readonly version: string }
}

/** Starts a subscription. Answered by `subscribed` or `unsubscribed`. PROTOCOL.md §3.3. */
export interface SubscribeFrame extends SubscribeRequest {
  readonly type: 'subscribe'
}

/** Ends a subscription. Not answered. PROTOCOL.md §3.3. */
export interface UnsubscribeFrame {
  readonly type: 'unsubscribe'
  /** The channel. */
  readonly channel: string
  /** Number of the subscription to end; a later one stays. */
  readonly generation: number
}

/** Publishes to a channel. Answered by `reply` or `error`. PROTOCOL.md §3.4. */
export interface PublishFrame {
  readonly type: 'publish'
  /** Number of the request on this link. */
  readonly ref: number
  /** The channel. */
  readonly channel: string
  /** Names the publication; 1 to 64 bytes. */
  readonly id: string
  /** What to publish: any JSON value. */
  readonly data: Data
  /** Number of this publish among those of the producer in this channel, from 1. With `lowest`, or not at all. */
  readonly seq?: number
  /** Lowest number that has neither been acknowledged nor abandoned. */
  readonly lowest?: number
  /** Idempotency key; 1 to 64 bytes. A second publish with the same key answers with the first one's position. */
  readonly key?: string
  /** Epoch of the oldest acknowledged publish to this channel that is remembered. */
  readonly epoch?: string
  /** What travels for tools. */
  readonly meta?: Meta
}

/** Reads the log. Answered by `reply` or `error`. PROTOCOL.md §3.5. */
export interface HistoryFrame {
  readonly type: 'history'
  /** Number of the request on this link. */
  readonly ref: number
  /** The channel. */
  readonly channel: string
  /** Read the messages after this position, oldest first. Not with `before`. */
  readonly after?: Position
  /** Read the messages before this position. Not with `after`; with neither, the latest are read. */
  readonly before?: Position
  /** How many at most. */
  readonly limit: number
}

/** Asks for a `pong`. PROTOCOL.md §3.6. */
export interface PingFrame {
  readonly type: 'ping'
}

/** Answers a `ping`. PROTOCOL.md §3.6. */
export interface PongFrame {
  readonly type: 'pong'
}

/** Ends the session. Not answered; the server closes the link with 1000. PROTOCOL.md §3.7. */
export interface GoodbyeFrame {
  readonly type: 'goodbye'
}

/** Publishes to a channel at most once. Not answered: for typing signs and cursors. PROTOCOL.md §3.4. */
export interface SendFrame {
  readonly type: 'send'
  /** The channel. */
  readonly channel: string
  /** Names the publication; 1 to 64 bytes. */
  readonly id: string
  /** What to publish: any JSON value. */
  readonly data: Data
  /** What travels for tools. */
  readonly meta?: Meta
}

/** What a request about presence asks for. PROTOCOL.md §3.9. */
export type PresenceAction = 'enter' | 'leave' | 'get' | 'watch' | 'unwatch'

/** Enters or leaves the presence of a channel, or asks who is there. Answered by `reply` or `error`. PROTOCOL.md §3.9. */
export interface PresenceFrame {
  readonly type: 'presence'
  /** Number of the request on this link. */
  readonly ref: number
  /** The channel. */
  readonly channel: string
  /** What to do. `watch` is `get`, and has changes told from then on, for as long as the link lives. */
  readonly action: PresenceAction
  /** For `enter`: what this session shows of itself. Entering again changes it. */
  readonly data?: Data
}

/**
 * Asks the other side to run a method. Both sides send it, each with numbers of its own. Answered by `result` or
 * `error`. PROTOCOL.md §3.10.
 */
export interface CallFrame {
  readonly type: 'call'
  /** Number of the request on this link, among those of its sender. */
  readonly ref: number
  /** The method. */
  readonly method: string
  /** What the method gets. */
  readonly data?: Data
  /** What travels for tools. */
  readonly meta?: Meta
}

/** The caller no longer waits for a call of its own. Not answered. PROTOCOL.md §3.10. */
export interface CancelFrame {
  readonly type: 'cancel'
  /** Number of the call. */
  readonly ref: number
}

/** A call was done, or a token was taken. PROTOCOL.md §3.10, §3.11. */
export interface ResultFrame {
  readonly type: 'result'
  /** Number of the request that was done. */
  readonly ref: number
  /** What the method returned. */
  readonly data?: Data
  /** For `refresh`: time until the new token expires. */
  readonly expiresInMs?: number
}

/** Gives a running link a new token. Answered by `result` or `error`. PROTOCOL.md §3.11. */
export interface RefreshFrame {
  readonly type: 'refresh'
  /** Number of the request on this link. */
  readonly ref: number
  /** The new token. */
  readonly token: string
}

/** What a client may say. */
export type ClientFrame =
  | ConnectFrame
  | SubscribeFrame
  | UnsubscribeFrame
  | PublishFrame
  | SendFrame
  | PresenceFrame
  | CallFrame
  | CancelFrame
  | ResultFrame
  | ErrorFrame
  | RefreshFrame
  | HistoryFrame
  | PingFrame
  | PongFrame
  | GoodbyeFrame

/** Answers `connect`. PROTOCOL.md §3.1. */
export interface ConnectedFrame {
  readonly type: 'connected'
  /** The session: its public id, and the token that resumes it next time. */
  readonly session: { readonly id: string; readonly token: string }
  /** Whether the session existed before. */
  readonly resumed: boolean
  /** Id of the user; `null` for an anonymous one. */
  readonly user: string | null
  /** Interval of the server's pings. */
  readonly heartbeatMs: number
  /** What this server accepts. */
  readonly limits: {
    readonly messageBytes: number
    readonly channels: number
    readonly inFlight: number
    readonly messagesPerSecond?: number
    readonly messageBurst?: number
  }
  /** What the application says to a new connection. */
  readonly hello?: Data
  /** Time until the token expires. */
  readonly expiresInMs?: number
  /** Where epochs named in `acknowledged` ended, if they did before the position given or are not current any more. */
  readonly rebases?: ReadonlyArray<Rebase & { readonly channel: string }>
  /** Whether the log cannot be reached at the moment. Absent: it can. */
  readonly degraded?: boolean
}

/** A request was done. PROTOCOL.md §3.4, §3.5. */
export interface ReplyFrame {
  readonly type: 'reply'
  /** Number of the request that was done. */
  readonly ref: number
  /** Where the publish was stored; for history, the end of the log; for presence, its latest change. */
  readonly position: Position
  /** For publish: the id under which it was stored; another than asked for when `key` was a repeat. */
  readonly id?: string
  /** For publish: where the epoch named in the request ended, if it is not current any more. */
  readonly rebase?: Rebase
  /** For history: the page, oldest first. */
  readonly publications?: readonly Publication[]
  /** For history: whether there is more in the direction of reading. */
  readonly more?: boolean
  /** For presence `get` and `watch`: how many members there are. */
  readonly count?: number
  /** For presence `get` and `watch`: the members; absent when there are more than `presenceMembers`. */
  readonly members?: readonly PresenceMember[]
}

/** One session that is present in a channel. PROTOCOL.md §3.9. */
export interface PresenceMember extends Sender {
  /** What it shows of itself. */
  readonly data?: Data
}

/** Why a request was not done. PROTOCOL.md §7. */
export interface WireError {
  /** One of the error codes; a client takes one it does not know as not retryable. */
  readonly code: string
  /** For people. */
  readonly message: string
  /** Whether the same request can succeed later. */
  readonly retryable?: boolean
  /** When to try again. */
  readonly retryAfterMs?: number
  /** For `OUT_OF_ORDER`: the number to send next. */
  readonly expected?: number
}

/** A request was not done. Without `ref`, it could not be said which. PROTOCOL.md §7. */
export interface ErrorFrame extends WireError {
  readonly type: 'error'
  /** Number of the request that was not done. */
  readonly ref?: number
  /** For a call: what the method says besides, for programs. PROTOCOL.md §3.10. */
  readonly data?: Data
}

/** A subscription runs. Its publications follow, from `position` on. PROTOCOL.md §3.3. */
export interface SubscribedFrame {
  readonly type: 'subscribed'
  /** The channel. */
  readonly channel: string
  /** Number of the subscription, as the client gave it; 0 for one that the server made. */
  readonly generation: number
  /** How messages are kept and delivered. Absent: `log`. PROTOCOL.md §5.5. */
  readonly mode?: Exclude<Mode, 'log'>
  /** After this position the next publication comes. */
  readonly position: Position
  /** Offset at which the log ended when the subscription started; up to it, publications are recovered ones. */
  readonly head: number
  /** What lies between the position asked for and `position`. */
  readonly gap?: Gap
  /** Where the epoch of the position asked for ended. */
  readonly rebase?: Rebase
}

/** A subscription was refused or ended by the server. PROTOCOL.md §3.3. */
export interface UnsubscribedFrame extends WireError {
  readonly type: 'unsubscribed'
  /** The channel. */
  readonly channel: string
  /** Number of the subscription, as the client gave it. */
  readonly generation: number
}

/** A message. PROTOCOL.md §5. */
export interface PublicationFrame extends Publication {
  readonly type: 'publication'
}

/** Messages are missing before the next one. PROTOCOL.md §5.4. */
export interface GapFrame extends Gap {
  readonly type: 'gap'
  /** The channel. */
  readonly channel: string
  /** After this position the next publication comes. */
  readonly position: Position
  /** Where the epoch so far ended. */
  readonly rebase?: Rebase
}

/** An epoch ended, and nothing is missing at or below its end. PROTOCOL.md §5.3. */
export interface RebaseFrame extends Rebase {
  readonly type: 'rebase'
  /** The channel. */
  readonly channel: string
}

/** The link is about to be closed with this code. PROTOCOL.md §6. */
export interface ClosingFrame {
  readonly type: 'closing'
  /** The close code. */
  readonly code: number
  /** Why, for a log. At most 123 bytes. */
  readonly reason: string
  /** Do not dial before. */
  readonly retryAfterMs?: number
}

/** A session has become present in a channel, or shows something else of itself. PROTOCOL.md §3.9. */
export interface JoinFrame extends PresenceMember, Position {
  readonly type: 'join'
  /** The channel. */
  readonly channel: string
}

/** A session is no longer present in a channel. PROTOCOL.md §3.9. */
export interface LeaveFrame extends Sender, Position {
  readonly type: 'leave'
  /** The channel. */
  readonly channel: string
}

/** Who is present in a channel, in place of all that was told before. PROTOCOL.md §3.9. */
export interface SnapshotFrame {
  readonly type: 'presence'
  /** The channel. */
  readonly channel: string
  /** The latest change that is part of it. */
  readonly position: Position
  /** How many members there are. */
  readonly count: number
  /** The members; absent when there are more than `presenceMembers`. */
  readonly members?: readonly PresenceMember[]
}

/** Whether the log can be reached changed. PROTOCOL.md §3.12. */
export interface StateFrame {
  readonly type: 'state'
  /** True: it cannot, and publishes will fail with `UNAVAILABLE`. */
  readonly degraded: boolean
}

/** The token expires soon, and the link with it. PROTOCOL.md §3.11. */
export interface ExpiringFrame {
  readonly type: 'expiring'
  /** Time left. */
  readonly expiresInMs: number
}

/** What a server may say. */
export type ServerFrame =
  | ConnectedFrame
  | ResultFrame
  | CallFrame
  | CancelFrame
  | JoinFrame
  | LeaveFrame
  | SnapshotFrame
  | StateFrame
  | ExpiringFrame
  | ReplyFrame
  | ErrorFrame
  | SubscribedFrame
  | UnsubscribedFrame
  | PublicationFrame
  | GapFrame
  | RebaseFrame
  | PingFrame
  | PongFrame
  | ClosingFrame

/** Any frame. */
export type Frame = ClientFrame | ServerFrame

/** Types of frames that are named but not served yet, with who sends them. PROTOCOL.md §3.8. */
export const RESERVED_FRAMES = {
  attach: 'client',
  commit: 'client',
  detach: 'client',
  redirect: 'server',
  move: 'server',
} as const satisfies Record<string, 'client' | 'server' | 'both'>
