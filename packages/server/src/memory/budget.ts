/** Something whose weight changes by itself. */
export interface Weighed {
  /** Bytes it takes in memory. */
  readonly weight: number
}

/** Least time between two attempts to make room: looking at everything costs time, and somebody may ask all the time. */
const ATTEMPT_MS = 1_000

/** Adds up what the logs and the members of a backend take, and says whether there is room for more. */
export class Budget {
  /** Bytes taken. */
  used = 0
  private readonly counted = new Map<Weighed, number>()
  private attemptedAt = -Infinity

  constructor(private readonly maxBytes: number) {}

  /** Counts something as heavy as it is now. */
  weigh(item: Weighed): void {
    const { weight } = item
    this.used += weight - (this.counted.get(item) ?? 0)
    this.counted.set(item, weight)
  }

  /** Counts something no more. */
  drop(item: Weighed): void {
    this.used -= this.counted.get(item) ?? 0
    this.counted.delete(item)
  }

  /** Counts these, and nothing else. */
  reset(items: Iterable<Weighed>): void {
    this.used = 0
    this.counted.clear()
    for (const item of items) this.weigh(item)
  }

  /**
   * Whether something may become heavier, if need be after making room.
   *
   * @param worst Bytes that it grows by at most.
   * @param exact Bytes that it grows by. Asked only when there is no room for the worst.
   * @param makeRoom Lets go of what nobody needs any more. Called at most once a second.
   */
  admits(item: Weighed, worst: number, exact: () => number, now: number, makeRoom: () => void): boolean {
    if (this.holds(item, worst) || this.holds(item, exact())) return true
    if (now - this.attemptedAt < ATTEMPT_MS) return false
    this.attemptedAt = now
    makeRoom()
    return this.holds(item, exact())
  }

  private holds(item: Weighed, growth: number): boolean {
    return this.used - (this.counted.get(item) ?? 0) + item.weight + growth <= this.maxBytes
  }
}
