/** Facts beside a log line. Never holds tokens or message data. */
export type LogFields = Readonly<Record<string, unknown>>

/**
 * Where the library reports what an operator wants to know; it never prints by itself. `console` fits, and so do the
 * loggers of pino, winston and others with a small wrapper. Methods must not throw.
 */
export interface Logger {
  /** Detail for finding faults: links that come and go. */
  debug(message: string, fields?: LogFields): void
  /** Rare events of normal life: a failover that cost nothing. */
  info(message: string, fields?: LogFields): void
  /** Something is wrong and was handled: a peer broke the protocol, a gap was told. */
  warn(message: string, fields?: LogFields): void
  /** Something is wrong and needs a person: a hook threw, the backend cannot be reached. */
  error(message: string, fields?: LogFields): void
}

/** A logger that says nothing. The default. */
export const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }

function nothing(): void {}
