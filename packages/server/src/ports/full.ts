/**
 * A backend holds as much as it may. Rejects a publish that was not stored and took no number, and an `enter` that made
 * nobody a member; a repeat of what was stored is answered all the same. To be tried again later.
 */
export class BackendFullError extends Error {
  /** By which it is recognised. */
  override readonly name = 'BackendFullError'

  constructor(message = 'the backend holds as much as it may') {
    super(message)
  }
}

/** Whether an error is one. By name: a backend can come from another copy of this package. */
export function isBackendFull(error: unknown): error is BackendFullError {
  return error instanceof Error && error.name === 'BackendFullError'
}
