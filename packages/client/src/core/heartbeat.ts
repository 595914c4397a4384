/** Silence that is allowed beyond the interval of the server's pings. */
export const PATIENCE_MS = 10_000

/** Time a link gets after a sleep, in which what came meanwhile can still be read. */
const GRACE_MS = 4_000

/** A timer that fires this much too late has slept. */
const LATE_MS = 1_000

/** When a link was last heard, and how long it may be silent. */
export interface Heartbeat {
  heardAt: number
  silenceMs: number
  /** When the running check is due. */
  dueAt: number
  /** Whether the running check is the one after a sleep. */
  graced: boolean
}

/**
 * How long until the next check, or 0 when the link is dead. A check that comes far too late was asleep, and what the
 * peer sent meanwhile may still be unread: it gives one grace before it judges.
 */
export function checkInMs(beat: Heartbeat, now: number): number {
  let left = Math.max(0, beat.heardAt + beat.silenceMs - now)
  const graced = !left && !beat.graced && now - beat.dueAt >= LATE_MS
  if (graced) left = GRACE_MS
  beat.graced = graced
  beat.dueAt = now + left
  return left
}
