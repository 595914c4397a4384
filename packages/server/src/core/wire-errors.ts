import { ERROR_CODES, type Data, type ServerErrorCode, type WireError } from '@org/realtime-protocol'

/** Details that go with some codes. */
export type ErrorDetails = Partial<Pick<WireError, 'message' | 'retryAfterMs' | 'expected'>>

/** A request that cannot be done, as a value. This file is the one place where failures get their words on the wire. */
export function wireError(code: ServerErrorCode, details: ErrorDetails = {}): WireError {
  const row = ERROR_CODES[code]
  return { code, message: row.meaning, ...(row.retryable ? { retryable: true } : {}), ...details }
}

/** Whether a value is a failed request. */
export function isWireError(value: object): value is WireError {
  return 'code' in value && 'message' in value
}

/** Whether a text can be an error code: of the table, or of an application's own. */
export function isErrorCode(code: string): boolean {
  return /^[A-Z][A-Z0-9_]{0,63}$/.test(code)
}

/** A text for people, cut to what an error may say. */
export function shortened(message: string): string {
  return message.slice(0, 1_000)
}

/** What goes over the wire of an error that the application threw; nothing unless it threw one on purpose. */
export function errorOf(error: unknown): WireError | undefined {
  if (!(error instanceof RealtimeError) || !isErrorCode(error.code)) return undefined
  const { code, message, retryable } = error
  return { code, message: shortened(message), ...(retryable ? { retryable } : {}) }
}

/**
 * An error of the server's own API: what an error frame is to clients. `code` is one of the error codes of
 * PROTOCOL.md §7; `retryable` says whether the same call can succeed later.
 */
export class RealtimeError extends Error {
  /** One of the error codes of PROTOCOL.md §7, or of this package: see the documentation of what threw it. */
  readonly code: string
  /** Whether the same call can succeed later without a change. */
  readonly retryable: boolean
  /** What is said besides, for programs: any JSON value. What a method throws brings it to the caller. */
  readonly data: Data

  /**
   * @param code One of the error codes.
   * @param message What happened, for people.
   * @param options `retryable` (default false), `data` for the caller of a method, at most 16,384 bytes as JSON, and the
   * `cause`, which stays here.
   */
  constructor(code: string, message: string, options: { retryable?: boolean; data?: Data; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'RealtimeError'
    this.code = code
    this.retryable = options.retryable ?? false
    this.data = options.data
  }

  /** The error for a request that failed with a value. */
  static from(error: WireError): RealtimeError {
    return new RealtimeError(error.code, error.message, { retryable: error.retryable ?? false })
  }
}
