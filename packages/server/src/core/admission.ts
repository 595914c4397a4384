import type { CloseCodeName, Data } from '@org/realtime-protocol'
import type { Clock, Handshake, Logger } from '../ports/index.js'
import type { Identity } from './declarations.js'

/** What a client shows to be let in. */
export interface Credentials {
  /** What for: `connect` for a new link, `refresh` for another token on one that is open. */
  readonly reason: 'connect' | 'refresh'
  /** The token of the frame. */
  readonly token: string | undefined
  /** The data of the connect frame: unchecked, from the client. With `refresh` there is none. */
  readonly data: Data
  /** The HTTP request that opened the link: headers, cookies, address. With `refresh` only the address is there. */
  readonly handshake: Handshake
}

/** Who somebody is, and what to tell them. */
export interface Authenticated {
  /** The user; `null` for an anonymous one. */
  readonly user: Identity | null
  /** Sent to this connection only, with `connected`. Any JSON value. */
  readonly hello?: Data
  /** When the token expires: milliseconds since 1970, or a date. */
  readonly expiresAt?: number | Date | undefined
}

/**
 * Decides who may connect. `null` or an error thrown turns the client away with 4500, and it asks its application for
 * a new token; an error with `retryable: true` says that the fault is here, and it tries again with the same one.
 */
export type Authenticate = (credentials: Credentials) => Authenticated | null | Promise<Authenticated | null>

/** Somebody who was let in. */
export interface Admission {
  readonly user: Identity | null
  readonly hello: Data
  readonly expiresInMs: number | undefined
}

/** Asks the application who somebody is; gives the close code when they are turned away. Never rejects. */
export async function admit(
  authenticate: Authenticate | undefined,
  credentials: Credentials,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<Admission | CloseCodeName> {
  if (!authenticate) return { user: null, hello: undefined, expiresInMs: undefined }
  try {
    const authenticated = await authenticate(credentials)
    if (!authenticated) return 'UNAUTHORIZED'
    const { user, hello, expiresAt } = authenticated
    return { user, hello, expiresInMs: timeUntil(expiresAt, clock) }
  } catch (error) {
    const retryable = typeof error === 'object' && error !== null && 'retryable' in error && error.retryable === true
    logger.warn('authenticate failed', { error, retryable })
    return retryable ? 'STATE' : 'UNAUTHORIZED'
  }
}

function timeUntil(expiresAt: number | Date | undefined, clock: Clock): number | undefined {
  if (expiresAt === undefined || expiresAt === Infinity) return undefined
  const ms = Math.floor(Number(expiresAt) - clock.date())
  if (!Number.isSafeInteger(ms)) throw new TypeError(`expiresAt is ${String(expiresAt)}, which is no time`)
  return Math.max(0, ms)
}
