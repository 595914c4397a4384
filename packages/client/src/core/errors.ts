import type { ErrorCode, Gap, WireError } from '@org/realtime-protocol'

/** What an error says besides its code and text. */
export interface ErrorDetails {
  /** Whether the same request can succeed later. Default: false. */
  readonly retryable?: boolean
  /** When to try again, in milliseconds, if the server said so. */
  readonly retryAfterMs?: number | undefined
  /** The close code that ended the link, for errors that end the client. */
  readonly closeCode?: number | undefined
}

/** Why a request, a subscription or the client failed. What each code means is in the documentation. */
export class RealtimeError extends Error {
  /** One of the error codes of the protocol, or one that a newer server made up. */
  declare readonly code: ErrorCode | (string & {})
  /** Whether the same request can succeed later without a change. */
  declare readonly retryable: boolean
  /** When to try again, in milliseconds, if the server said so. */
  declare readonly retryAfterMs?: number | undefined
  /** The close code that ended the link, for errors that end the client. */
  declare readonly closeCode?: number | undefined

  /**
   * @param code One of the error codes.
   * @param message For people. Default: the code.
   * @param details What else is known.
   */
  constructor(code: ErrorCode | (string & {}), message: string = code, details?: ErrorDetails) {
    super(message)
    Object.assign(this, { name: 'RealtimeError', retryable: false }, details, { code })
  }
}

/** Thrown by an iterator in the place of the messages that are missing. */
export class GapError extends RealtimeError {
  /** What is missing, and why. */
  declare readonly gap: Gap

  /** @param gap What is missing, and why. */
  constructor(gap: Gap) {
    super('GAP', gap.reason)
    Object.assign(this, { gap })
  }
}

/** Codes that are retryable where the frame does not say. PROTOCOL.md §7.1. */
const RETRYABLE = /^(OUT_OF_ORDER|RATE_LIMITED|SUPERSEDED|UNAVAILABLE|INTERNAL)$/

/** The error a server sent. */
export function wireError({ code, message, retryable = RETRYABLE.test(code), retryAfterMs }: WireError): RealtimeError {
  return new RealtimeError(code, message, { retryable, retryAfterMs })
}
