/** Time, as the client sees it. */
export interface Clock {
  /** Milliseconds since some moment. Never goes back; may stand still while the machine sleeps. */
  now(): number
  /** Calls back once, not before the delay has passed. May be late by any amount. Returns what `clearTimer` takes. */
  setTimer(callback: () => void, delayMs: number): unknown
  /** Forgets a timer. Does nothing when it has fired. */
  clearTimer(timer: unknown): void
}
