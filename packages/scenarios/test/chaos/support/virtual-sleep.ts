/** For `vi.mock(import('node:timers/promises'))`: who sleeps does so on the clock of the test. */
export function virtualSleep() {
  return { setTimeout: <T>(ms?: number, value?: T) => new Promise<T>((done) => setTimeout(() => done(value as T), ms)) }
}
