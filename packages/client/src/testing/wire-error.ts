import { ERROR_CODES, type ErrorCode, type WireError } from '@org/realtime-protocol'

/** An error of the protocol, with the words of its table unless there are others. */
export function wireError(code: ErrorCode | (string & {}), message?: string): WireError {
  const row = Object.hasOwn(ERROR_CODES, code) ? ERROR_CODES[code as ErrorCode] : undefined
  const words = message || row?.meaning || code
  return { code, message: words, ...(row?.retryable ? { retryable: true } : {}) }
}

/**
 * What a callback of a test threw, as its client is told: a RealtimeError of client or server with its code, anything
 * else as INTERNAL. By its code, not its class: errors can come from either package.
 */
export function thrownError(error: unknown): WireError {
  if (error instanceof Error && error.name === 'RealtimeError' && 'code' in error) {
    const code = String(error.code)
    return wireError(code, error.message === code ? undefined : error.message)
  }
  // Not to be tried again, as it would be in production: a bug in a test is to come out, not to time out.
  const message = `a callback of the test failed: ${String(error)}`.slice(0, 1_000)
  return { ...wireError('INTERNAL', message), retryable: false }
}
