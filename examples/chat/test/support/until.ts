const DEADLINE_MS = 15_000
const PAUSE_MS = 25

/** Waits until a condition holds, and gives its value. When it never does, the error says what was there instead. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  isGood: (value: T) => boolean = Boolean,
): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    const value = await look()
    if (isGood(value)) return value
    if (Date.now() > deadline) throw new Error(`never came: ${what}; last seen: ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}
