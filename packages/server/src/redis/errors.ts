/** What went wrong between here and Redis. */
export type LineErrorCode =
  /** It is not known whether Redis did it, or Redis cannot do it now; to be tried again later. */
  | 'UNAVAILABLE'
  /** Redis refuses it for good: rights, settings, version, a key of somebody else. A person has to do something. */
  | 'CONFIGURATION'

/** A call that did not succeed. The message says what to do. */
export class LineError extends Error {
  /** `RedisError`. */
  override readonly name = 'RedisError'

  constructor(
    /** What kind of failure it is. */
    readonly code: LineErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options)
  }
}

const WITHHELD = {
  history: 'another Redis has taken over',
  unwanted: 'who asked for it is gone',
}

/** A call that is tried nowhere any more: it belongs to a history that is over, or nobody waits for it. */
export class WithheldError extends LineError {
  constructor(readonly reason: keyof typeof WITHHELD) {
    super('UNAVAILABLE', WITHHELD[reason])
  }
}
