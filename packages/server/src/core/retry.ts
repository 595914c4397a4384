/** Wait that is asked of a client whose link has too many frames waiting. */
export const FULL_RETRY_MS = 1_000

/** Delay before the next try of something that failed so many times in a row: 100 ms, doubled up to 3 s. */
export function retryDelayMs(failures: number): number {
  return Math.min(3_000, 100 * 2 ** Math.min(failures, 5))
}
