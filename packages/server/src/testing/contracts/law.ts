import type { TestFramework } from './framework.js'

/** Declares a test, which is given what its suite prepares for each. */
export type Law<Given extends readonly unknown[]> = (title: string, body: (...given: Given) => Promise<void>) => void

/**
 * Tests with a fixture of their own each, which is let go of in the end.
 *
 * @param prepare What the tests are given.
 */
export function lawOf<F extends { dispose(): Promise<void> }, const Given extends readonly unknown[]>(
  test: TestFramework['test'],
  createFixture: () => Promise<F> | F,
  prepare: (fixture: F) => Promise<Given>,
): Law<Given> {
  return (title, body) => {
    test(title, async () => {
      const fixture = await createFixture()
      try {
        await body(...(await prepare(fixture)))
      } finally {
        await fixture.dispose()
      }
    })
  }
}
