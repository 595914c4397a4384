/** Where the clock of this process began, on the one that all processes of a machine share. */
const ORIGIN_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** Milliseconds on a clock that all processes of a machine share, with decimals. */
export function sharedNow(): number {
  return performance.now() + ORIGIN_MS
}
