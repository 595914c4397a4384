import { silent, type LogFields, type Logger } from '../ports/index.js'

/** The logger that a backend was given, or else that of the first server which joins it and has one. */
export class InheritedLogger implements Logger {
  private logger = silent

  /** Reports there from now on, unless it does so elsewhere already. */
  inherit(logger: Logger): void {
    if (this.logger === silent) this.logger = logger
  }

  debug(message: string, fields?: LogFields): void {
    this.logger.debug(message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.logger.info(message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.logger.warn(message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.logger.error(message, fields)
  }
}
