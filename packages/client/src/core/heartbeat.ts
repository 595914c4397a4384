/** Silence that is allowed beyond the interval of the server's pings. */
export const PATIENCE_MS = 10_000

/**
 * Time a link gets after a sleep to answer a ping. Short, since a link that was silent this long is almost surely gone:
 * its server waits no longer for an answer either. And somebody is looking at the page.
 */
const GRACE_MS = 1_000

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

/** The peer was asked for a sign of life, and has no longer to give one than if it had been silent for its interval. */
export function ask(beat: Heartbeat, now: number): void {
  beat.heardAt = Math.min(beat.heardAt, now + PATIENCE_MS - beat.silenceMs)
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
