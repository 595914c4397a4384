import type { Random } from '../../src/index.js'

/** Ids that count up, so that one run is like another. They differ in their first six characters. */
export class CountingRandom implements Random {
  private count = 0

  fraction(): number {
    return 0.5
  }

  id(): string {
    this.count += 1
    return `${this.count.toString(36).padStart(6, '0')}-counted-id-----`.slice(0, 22)
  }

  digest(text: string): string {
    return `digest of ${text}`
  }

  equal(a: string, b: string): boolean {
    return a === b
  }
}
