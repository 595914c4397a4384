import type { ErrorCode, Gap, WireError } from '@org/realtime-protocol'

/** What an error says besides its code and text. */
export interface ErrorDetails {
  /** Whether the same request can succeed later. Default: so for `OUTBOX_FULL`, `EXPIRED` and `TIMEOUT`. */
  readonly retryable?: boolean | undefined
  /** When to try again, in milliseconds, if the server said so. */
  readonly retryAfterMs?: number | undefined
  /** The close code that ended the link, for errors that end the client. */
  readonly closeCode?: number | undefined
  /** What a method of the server says besides. */
  readonly data?: unknown
}

/** Codes the client itself raises that are retryable. Of its own the server says so. PROTOCOL.md §7.1. */
const RETRYABLE = /^(OUTBOX_FULL|EXPIRED|TIMEOUT)$/

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
  /** What a method of the server says besides, for programs. */
  declare readonly data?: unknown

  /**
   * @param code One of the error codes.
   * @param message For people. Default: the code.
   * @param details What else is known.
   */
  constructor(
    code: ErrorCode | (string & {}),
    message: string = code,
    { retryable = RETRYABLE.test(code), retryAfterMs, closeCode, data }: ErrorDetails = {},
  ) {
    super(message)
    Object.assign(this, { name: 'RealtimeError', code, retryable, retryAfterMs, closeCode, data })
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

/** The error a server sent. */
export function wireError(error: WireError): RealtimeError {
  return new RealtimeError(error.code, error.message, error)
}
