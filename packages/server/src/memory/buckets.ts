/**
 * A map that forgets what was not used for one to two periods, at the cost of two maps and no timers: when a period is
 * over, the younger map becomes the older one, and the older one is dropped whole.
 */
export class Buckets<V> {
  private current = new Map<string, V>()
  private previous = new Map<string, V>()
  private since: number

  constructor(
    private readonly periodMs: number,
    now: number,
  ) {
    this.since = now
  }

  /** The value of a key; reading it keeps it for another period. */
  get(key: string, now: number): V | undefined {
    this.turn(now)
    const found = this.current.get(key)
    if (found !== undefined) return found
    const older = this.previous.get(key)
    if (older !== undefined) this.current.set(key, older)
    return older
  }

  /** Sets the value of a key. */
  set(key: string, value: V, now: number): void {
    this.turn(now)
    this.current.set(key, value)
  }

  /** A copy whose values are copied too. */
  copy(copyValue: (value: V) => V): Buckets<V> {
    const copy = new Buckets<V>(this.periodMs, this.since)
    for (const [key, value] of this.previous) copy.previous.set(key, copyValue(value))
    for (const [key, value] of this.current) copy.current.set(key, copyValue(value))
    return copy
  }

  private turn(now: number): void {
    const periods = Math.floor((now - this.since) / this.periodMs)
    if (periods < 1) return
    this.previous = periods === 1 ? this.current : new Map<string, V>()
    this.current = new Map()
    this.since += periods * this.periodMs
  }
}
