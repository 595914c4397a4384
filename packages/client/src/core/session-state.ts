import type { ConnectedFrame, ServerFrame, Since } from '@org/realtime-protocol'
import type { RealtimeError } from './errors.js'
import type { ClientStatus, TokenReason } from './events.js'
import type { BackoffLimits } from './backoff.js'
import type { Link } from './link-machine.js'
import type { Draft, Outbox, OutboxLimits } from './outbox.js'
import type { Request, Requests } from './requests.js'
import type { Subscription } from './subscription-machine.js'
import type { Ledger } from './turn.js'

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
  | { readonly type: 'connect' | 'close' | 'online' | 'offline' | 'wake' }
  | { readonly type: 'opened'; readonly link: number; readonly data?: unknown }
  /** Without a frame: one of a type nobody knows. */
  | { readonly type: 'frame'; readonly link: number; readonly frame?: ServerFrame }
  | { readonly type: 'malformed'; readonly link: number }
  | { readonly type: 'closed'; readonly link: number; readonly code: number; readonly reason: string }
  | { readonly type: 'timer'; readonly name: string }
  /** Without a token: none was to be had; `final` when none ever will. */
  | { readonly type: 'token'; readonly attempt: number; readonly token: string | null; readonly final: boolean }
  | { readonly type: 'subscribe'; readonly channel: string; readonly since: Since | undefined }
  | { readonly type: 'unsubscribe'; readonly channel: string }
  | ({ readonly type: 'publish' } & Draft)
  | ({ readonly type: 'history' } & Pick<Request, 'id' | 'frame'>)
  /** The caller gave up a publish or a read. */
  | { readonly type: 'abort'; readonly id: string }

/** All a session knows. Only its own `step` writes it. */
export interface SessionState extends Ledger {
  readonly config: SessionConfig
  status: ClientStatus
  /** What was last told of it, to tell only changes. */
  told: string
  previous: ClientStatus
  attempt: number
  offline: boolean
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
  /** Links that are live, by number, and the one that requests go to. A move will have two. */
  readonly links: Map<number, Link>
  link?: Link | undefined
  /** Links in a row that ended because the two sides do not understand each other. */
  refusals: number
  token: string | undefined
  /** Why the next link needs a new token, if it does. */
  tokenReason?: TokenReason | undefined
  tokenExpiresAt: number
  /** Number of the question for a token that is open; 0: none. */
  asking: number
  /** The token was never accepted yet. */
  tokenFresh: boolean
  /** Fresh tokens in a row that were rejected. */
  rejections: number
  readonly subscriptions: Map<string, Subscription>
  readonly outbox: Outbox
  readonly requests: Requests
}

/** A session that has done nothing yet. */
export function newSession(config: SessionConfig): SessionState {
  return {
    config,
    count: 0,
    timers: new Set(),
    status: 'idle',
    told: 'idle,0,,false',
    previous: 'idle',
    attempt: 0,
    offline: false,
    notBefore: 0,
    links: new Map(),
    refusals: 0,
    token: config.token,
    tokenReason: config.asks ? 'connect' : undefined,
    tokenExpiresAt: Infinity,
    asking: 0,
    tokenFresh: true,
    rejections: 0,
    subscriptions: new Map(),
    outbox: { entries: new Map(), lines: new Map(), bytes: 0 },
    requests: new Map(),
  }
}
