type Later = (callback: () => void, delayMs?: number) => unknown

// Taken when the module loads, before a test puts fake timers in their place. Browsers have no `setImmediate`.
const { setImmediate, setTimeout } = globalThis as unknown as {
  readonly setImmediate?: Later
  readonly setTimeout: Later
}
const later = setImmediate ?? setTimeout

/** Resolves in the next turn of the loop. All promises that can go on without the outside have gone on by then. */
export function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => void later(resolve))
}
