/** A value, and what it takes with its key. */
interface Held<V> {
  readonly value: V
  readonly weight: number
}

/**
 * A map that forgets what was not used for one to two periods, at the cost of two maps and no timers: when a period is
 * over, the younger map becomes the older one, and the older one is dropped whole.
 */
export class Buckets<V> {
  /** Bytes that all entries take. */
  weight = 0
  private current = new Map<string, Held<V>>()
  private previous = new Map<string, Held<V>>()
  private since: number

  /** @param weigh Bytes that an entry takes; asked whenever it is set. */
  constructor(
    private readonly periodMs: number,
    now: number,
    private readonly weigh: (key: string, value: V) => number = () => 0,
  ) {
    this.since = now
  }

  /** The value of a key; reading it keeps it for another period. */
  get(key: string, now: number): V | undefined {
    this.turn(now)
    const found = this.current.get(key)
    if (found !== undefined) return found.value
    const older = this.previous.get(key)
    if (older === undefined) return undefined
    this.previous.delete(key)
    this.current.set(key, older)
    return older.value
  }

  /** Sets the value of a key. */
  set(key: string, value: V, now: number): void {
    this.turn(now)
    const weight = this.weigh(key, value)
    this.weight += weight - (this.current.get(key)?.weight ?? 0) - (this.previous.get(key)?.weight ?? 0)
    this.previous.delete(key)
    this.current.set(key, { value, weight })
  }

  /** A copy whose values are copied too. */
  copy(copyValue: (value: V) => V): Buckets<V> {
    const copy = new Buckets<V>(this.periodMs, this.since, this.weigh)
    for (const [key, { value, weight }] of this.previous) copy.previous.set(key, { value: copyValue(value), weight })
    for (const [key, { value, weight }] of this.current) copy.current.set(key, { value: copyValue(value), weight })
    copy.weight = this.weight
    return copy
  }

  /** Forgets what is old enough. Every use does that, too. */
  turn(now: number): void {
    const periods = Math.floor((now - this.since) / this.periodMs)
    if (periods < 1) return
    this.previous = periods === 1 ? this.current : new Map<string, Held<V>>()
    this.current = new Map()
    this.since += periods * this.periodMs
    this.weight = 0
    for (const { weight } of this.previous.values()) this.weight += weight
  }
}
