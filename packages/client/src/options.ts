import type { Contract, Data, Meta, Position, Since } from '@org/realtime-protocol'
import type { TokenReason } from './core/events.js'
import type { Clock } from './ports/clock.js'
import type { Logger } from './ports/logger.js'
import type { Network } from './ports/network.js'
import type { Random } from './ports/random.js'
import type { Transport } from './ports/transport.js'
import type { WebSocketConstructor } from './ports/websocket.js'

/** Options of a client. All have defaults; 0 means 0. */
export interface ClientOptions {
  /**
   * Credential for the server's `authenticate`. A function is asked before the first connect, and again when the token
   * was rejected, has expired or will soon: then the running link takes the new one. Otherwise its answer is used for
   * reconnects too. Default: none.
   */
  readonly token?: string | TokenSource
  /** Whatever the server's `authenticate` should know, or a function that is called for it at each connect. Default: none. */
  readonly data?: Data
  /** WebSocket class. Default: in Node `ws` when it is installed, else the global one. */
  readonly WebSocket?: WebSocketConstructor
  /** When to dial again. */
  readonly reconnect?: ReconnectOptions
  /** Time a link has to open and to be answered, in milliseconds. Default: 10,000. */
  readonly connectTimeoutMs?: number
  /** Time a call and `history` have, reconnects included, in milliseconds. Default: 10,000. */
  readonly requestTimeoutMs?: number
  /** Says which methods are idempotent. Types need only `RealtimeClient<typeof contract>`. Default: none is. */
  readonly contract?: Contract
  /** What may wait: publishes and calls. */
  readonly outbox?: OutboxOptions
  /** Time a subscription stays after its last listener left, in milliseconds. Default: 1,000. */
  readonly lingerMs?: number
  /** Where to write what nobody listens for. Default: nowhere. */
  readonly logger?: Logger
  /** For tests and other runtimes. Default: WebSocket. */
  readonly transport?: Transport
  /** For tests and other runtimes. Default: `performance.now` and `setTimeout`. */
  readonly clock?: Clock
  /** For tests and other runtimes. Default: `Math.random` and `crypto.getRandomValues`. */
  readonly random?: Random
  /** For tests and other runtimes. Default: the events of the browser; in Node always online. */
  readonly network?: Network
}

/**
 * Gives a token. `null`, or an error whose `code` is `UNAUTHORIZED`, ends the client with that code; any other error
 * is told as `error` event and asked again after the back-off.
 */
export type TokenSource = (request: TokenRequest) => string | null | Promise<string | null>

/** What a token source is told. */
export interface TokenRequest {
  /** `connect`: the first one. `expired`: the last one ran out, or will soon. `rejected`: the server did not accept the last one. */
  readonly reason: TokenReason
  /** Aborts when the client is closed. */
  readonly signal: AbortSignal
}

/** When to dial again: after `minMs + random × min(maxMs, baseMs × 2^attempt)`. */
export interface ReconnectOptions {
  /** Shortest wait, in milliseconds. Default: 100. */
  readonly minMs?: number
  /** Spread of the first wait, in milliseconds. Default: 500. */
  readonly baseMs?: number
  /** Widest spread, in milliseconds. Default: 20,000. */
  readonly maxMs?: number
  /** Time connected after which attempts are counted from 0 again, in milliseconds. Default: 30,000. */
  readonly stableMs?: number
}

/** What may wait: publishes and calls. What exceeds it is rejected at once with `OUTBOX_FULL`. */
export interface OutboxOptions {
  /** How many messages and calls, reads of the history that wait included. Default: 1,000. */
  readonly messages?: number
  /** How many bytes of JSON. Default: 1,048,576. */
  readonly bytes?: number
  /**
   * How long one may wait, in milliseconds. Then it fails with `EXPIRED` if it was never sent, else with
   * `UNKNOWN_OUTCOME`. At most 240,000, for servers recognise a repeat for 300,000. Default: 60,000.
   */
  readonly ageMs?: number
}

/** Options of a channel handle. */
export interface ChannelOptions {
  /**
   * Where a subscription starts that this handle starts: after a position, at the oldest message, or with the last n. A
   * handle that joins others starts with the next message. Default: now.
   */
  readonly since?: Since
}

/** Options of one publish. */
export interface PublishOptions {
  /** Idempotency key, 1 to 64 bytes: a second publish with the same key answers with the first one's position. */
  readonly key?: string
  /** Small texts for tools, such as `traceparent`. At most 1,024 bytes as JSON. */
  readonly meta?: Meta
  /** Gives the publish up with `ABORTED`. What was sent may have been stored all the same. */
  readonly signal?: AbortSignal
}

/** Options of one message that is sent at most once. */
export interface SendOptions {
  /** Small texts for tools, such as `traceparent`. At most 1,024 bytes as JSON. */
  readonly meta?: Meta
}

/** Options of one call. */
export interface CallOptions {
  /** Time until the answer, reconnects included, in milliseconds. Default: `requestTimeoutMs` of the client. */
  readonly timeoutMs?: number
  /**
   * Whether the call may be sent again when its link ended before the answer. Default: what the `contract` of the
   * client's options says of the method, else false.
   */
  readonly idempotent?: boolean
  /** Small texts for tools, such as `traceparent`. At most 1,024 bytes as JSON. */
  readonly meta?: Meta
  /** Gives the call up with `ABORTED`, and tells the server to. What was sent may have had its effect all the same. */
  readonly signal?: AbortSignal
}

/** What the handler of a method learns besides its input. */
export interface MethodContext {
  /** Aborts when nobody waits for the answer any more: the server gave up, or the link ended. */
  readonly signal: AbortSignal
  /** What travels for tools. */
  readonly meta?: Meta | undefined
}

/** Options of reading the log. */
export interface HistoryOptions {
  /** How many messages at most. Default: 100. */
  readonly limit?: number
  /** Read the messages after this position. Not with `before`. */
  readonly after?: Position
  /** Read the messages before this position. With neither, the latest are read. */
  readonly before?: Position
  /** Gives the read up with `ABORTED`. */
  readonly signal?: AbortSignal
}

/** Options of an iterator. */
export interface MessagesOptions {
  /** Ends the iteration when it aborts. */
  readonly signal?: AbortSignal
  /** Whether gaps are yielded as `{ gap }` rather than thrown as GapError. Default: false. */
  readonly gaps?: boolean
}

/** Options of waiting. */
export interface WaitOptions {
  /** Gives the wait up with `ABORTED`. */
  readonly signal?: AbortSignal
}
