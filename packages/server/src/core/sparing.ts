import type { Clock, LogFields, Logger } from '../ports/index.js'
import { Seldom } from './seldom.js'

const PERIOD_MS = 60_000

/**
 * A logger for which operations that fail while the backend is away are an error once a minute each, and detail in between:
 * every request fails then, and a thousand lines say no more than the first. How many there are, the numbers say.
 */
export function sparing(logger: Logger, clock: Clock, isAway: () => boolean): Logger {
  const seldom = new Seldom(PERIOD_MS)
  const isFlood = (message: string, fields: LogFields = {}): boolean => {
    const { operation } = fields
    if (typeof operation !== 'string' || !isAway()) return false
    return !seldom.isDue(`${message}: ${operation}`, clock.now())
  }
  return {
    debug: (message, fields) => logger.debug(message, fields),
    info: (message, fields) => logger.info(message, fields),
    warn: (message, fields) => logger.warn(message, fields),
    error: (message, fields) => logger[isFlood(message, fields) ? 'debug' : 'error'](message, fields),
  }
}
