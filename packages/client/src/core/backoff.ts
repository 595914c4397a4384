/** How long to wait between attempts. */
export interface BackoffLimits {
  /** Shortest wait. */
  readonly minMs: number
  /** Spread of the first wait. */
  readonly baseMs: number
  /** Widest spread. */
  readonly maxMs: number
}

/**
 * Full jitter that stays at the cap, so that a herd stays spread however long it waits. PROTOCOL.md §6.2.
 *
 * @param floorMs What the server asked to wait at least.
 */
export function delayMs(attempt: number, { minMs, baseMs, maxMs }: BackoffLimits, chance: number, floorMs = 0): number {
  return Math.max(minMs, floorMs) + chance * Math.min(maxMs, baseMs * 2 ** attempt)
}
