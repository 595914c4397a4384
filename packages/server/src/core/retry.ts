import type { Random } from '../ports/index.js'

/** Wait that is asked of a client whose link has too many frames waiting. */
export const FULL_RETRY_MS = 1_000

/**
 * Delay before the next try of something that failed so many times in a row: 100 ms, doubled up to 4 s, less up to half of it
 * by chance, so that those who failed together do not come back together.
 */
export function retryDelayMs(failures: number, random: Random): number {
  return Math.min(4_000, 100 * 2 ** Math.min(failures, 6)) * (1 - random.fraction() / 2)
}
