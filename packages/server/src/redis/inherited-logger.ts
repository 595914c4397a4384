import { PassingLogger } from '../core/passing-logger.js'
import { silent, type Logger } from '../ports/index.js'

/** The logger that a backend was given, or else that of the first server which joins it and has one. */
export class InheritedLogger extends PassingLogger {
  protected target = silent

  /** Reports there from now on, unless it does so elsewhere already. */
  inherit(logger: Logger): void {
    if (this.target === silent) this.target = logger
  }
}
