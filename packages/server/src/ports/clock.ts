/** A timer that was set; pass it to {@link Clock.clearTimer}. */
export type Timer = unknown

/**
 * Time, given to the engine so that tests can give another. Nothing below the fixtures asks the machine for it.
 * Callbacks run in a later turn of the loop, never inside the call that set them.
 */
export interface Clock {
  /** Milliseconds since some moment in the past. Never goes back; jumps only when the process was suspended. */
  now(): number
  /** Milliseconds since 1970, as the wall clock shows them. May jump either way. */
  date(): number
  /** Runs a callback once, after at least so many milliseconds. Does not keep the process alive. */
  setTimer(callback: () => void, delayMs: number): Timer
  /** Forgets a timer. Clearing one that ran, or was cleared, does nothing. */
  clearTimer(timer: Timer): void
  /** Runs a callback at the end of this turn of the loop, after the input of the turn was handled. */
  soon(callback: () => void): void
}
