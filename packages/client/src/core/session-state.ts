import type { ClosingFrame, ConnectedFrame, ProtocolError, ServerFrame, Since } from '@org/realtime-protocol'
import type { NetworkEvent } from '../ports/network.js'
import type { RealtimeError } from './errors.js'
import type { ClientStatus, TokenReason } from './events.js'
import type { Heartbeat } from './heartbeat.js'
import type { Draft, OutboxLimits } from './outbox.js'
import type { Attendance } from './presence.js'
import type { Subscription } from './subscription-machine.js'
import type { BackoffLimits, Ledger, TimerKey } from './turn.js'

/** What a session is told once. */
export interface SessionConfig {
  readonly url: string
  /** Names the source of publishes. Read when it is needed, not before. */
  readonly producer: string
  /** A fixed token, or nothing. */
  readonly token: string | undefined
  /** Whether tokens are asked for. */
  readonly asks: boolean
  readonly reconnect: BackoffLimits & { readonly stableMs: number }
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly lingerMs: number
  readonly outbox: OutboxLimits
}

/** What can happen to a session. */
export type SessionInput =
  | { readonly type: 'connect' | 'close' }
  /** The network came, went, or may have changed unseen during a sleep; or such a sleep begins. */
  | { readonly type: 'network'; readonly online: boolean; readonly event?: NetworkEvent | undefined }
  | { readonly type: 'opened'; readonly link: number; readonly data?: unknown }
  | { readonly type: 'frame'; readonly link: number; readonly frame: ServerFrame | ProtocolError }
  | { readonly type: 'closed'; readonly link: number; readonly code: number; readonly reason: string }
  | { readonly type: 'timer'; readonly name: TimerKey }
  /** Without a token: none was to be had; `final` when none ever will. */
  | { readonly type: 'token'; readonly attempt: number; readonly token: string | null; readonly final: boolean }
  | { readonly type: 'subscribe'; readonly channel: string; readonly since: Since | undefined }
  | { readonly type: 'unsubscribe'; readonly channel: string }
  /** Somebody listens for who is present, or nobody does any more. */
  | { readonly type: 'watch'; readonly channel: string; readonly watched: boolean }
  | Draft
  /** The caller gave up a request. */
  | { readonly type: 'abort'; readonly id: string }

/** One link, from its dial on. A closed one is forgotten: what still comes with its number is late news. */
export interface Link extends Heartbeat {
  readonly id: number
  /**
   * Whether requests may go to it: the server answered `connect`. False while it did not yet; absent before `connect` was
   * said, at the dial or at the question for a token.
   */
  open?: boolean
  /** What the server said about the end that is coming. */
  closing?: ClosingFrame
}

/** All a session knows. Only its own `step` writes it. */
export interface SessionState extends Ledger, Attendance {
  readonly config: SessionConfig
  status: ClientStatus
  attempt: number
  offline: boolean
  /** What the server last said of its logs. */
  degraded: boolean
  retryAt?: number | undefined
  /** The server does not want to see us before. */
  notBefore: number
  /** Why the client ended. */
  error?: RealtimeError | undefined
  closeCode?: number | undefined
  reason?: string | undefined
  connected?: ConnectedFrame | undefined
  /** What resumes the session. */
  session?: ConnectedFrame['session'] | undefined
  /** Links that are live, by number. A move will have two. */
  readonly links: Map<number, Link>
  /** The one that requests go to, from the question for its token on. */
  link?: Link | undefined
  /** Links in a row that ended because the two sides do not understand each other. */
  refusals: number
  token: string | undefined
  /** Why the next link needs a new token, if it does. */
  tokenReason?: TokenReason | undefined
  tokenExpiresAt: number
  /** Number of the question for a token that the running link needs, while it is open. */
  refreshing: number
  /** The token was never accepted yet. */
  tokenFresh: boolean
  /** Fresh tokens in a row that were rejected. */
  rejections: number
  readonly wishes: Map<string, Subscription>
}

/** A session that has done nothing yet. */
export function newSession(config: SessionConfig): SessionState {
  return {
    config,
    count: 0,
    timers: new Map(),
    status: 'idle',
    attempt: 0,
    offline: false,
    degraded: false,
    notBefore: 0,
    links: new Map(),
    refusals: 0,
    token: config.token,
    tokenReason: config.asks ? 'connect' : undefined,
    tokenExpiresAt: Infinity,
    refreshing: 0,
    tokenFresh: true,
    rejections: 0,
    wishes: new Map(),
    presences: new Map(),
    requests: new Map(),
    lines: new Map(),
    queuedBytes: 0,
  }
}
