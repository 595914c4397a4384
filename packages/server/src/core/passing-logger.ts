import type { LogFields, Logger } from '../ports/index.js'

/** A logger that hands on what it is told to another one, which can change. */
export abstract class PassingLogger implements Logger {
  /** Who is told. */
  protected abstract readonly target: Logger

  debug(message: string, fields?: LogFields): void {
    this.target.debug(message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.target.info(message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.target.warn(message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.target.error(message, fields)
  }
}
