import { performance } from 'node:perf_hooks'
import type { Clock } from '../ports/index.js'

/** The clock of the machine. Timers do not keep the process alive: an open HTTP server does. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
  soon: (callback) => void setImmediate(callback),
}
