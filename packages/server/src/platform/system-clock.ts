import { performance } from 'node:perf_hooks'
import type { Clock } from '../ports/index.js'

/** Longest delay of a timer of Node: a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** The clock of the machine. Timers do not keep the process alive: an open HTTP server does. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, Math.min(delayMs, MAX_DELAY_MS)).unref(),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
  soon: (callback) => void setImmediate(callback),
}
