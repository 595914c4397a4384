/**
 * What a contract suite needs of a test framework. Those of vitest and jest fit as they are:
 * `brokerContract({ describe, expect, test }, …)`.
 */
export interface TestFramework {
  /** Groups tests. */
  readonly describe: (name: string, body: () => void) => unknown
  /** Declares a test. */
  readonly test: (name: string, body: () => Promise<void>) => unknown
  /** Begins an assertion. */
  readonly expect: (actual: unknown) => Matchers
}

/** The assertions that the suites make. */
export interface Matchers {
  /** The opposite of what follows. */
  readonly not: Matchers
  /** The same value. */
  toBe(expected: unknown): unknown
  /** An equal value; fields that are undefined do not count. */
  toEqual(expected: unknown): unknown
  /** An object that has at least these fields. */
  toMatchObject(expected: object): unknown
  /** So many elements. */
  toHaveLength(expected: number): unknown
  /** Nothing. */
  toBeUndefined(): unknown
  /** A number that is not lower. */
  toBeGreaterThanOrEqual(expected: number): unknown
}
