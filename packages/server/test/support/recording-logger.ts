import type { LogFields, Logger } from '../../src/index.js'

/** One line that was logged. */
export interface LogLine {
  readonly level: keyof Logger
  readonly message: string
  readonly fields: LogFields | undefined
}

/** Keeps what was logged. */
export class RecordingLogger implements Logger {
  readonly lines: LogLine[] = []

  debug = (message: string, fields?: LogFields): void => this.keep('debug', message, fields)
  info = (message: string, fields?: LogFields): void => this.keep('info', message, fields)
  warn = (message: string, fields?: LogFields): void => this.keep('warn', message, fields)
  error = (message: string, fields?: LogFields): void => this.keep('error', message, fields)

  /** Messages of one level. */
  of(level: keyof Logger): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message)
  }

  private keep(level: keyof Logger, message: string, fields: LogFields | undefined): void {
    this.lines.push({ level, message, fields })
  }
}
