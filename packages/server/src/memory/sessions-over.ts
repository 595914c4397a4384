/**
 * Sessions that are over, so that a renewal that comes late does not bring them back. Each is known for the time a record
 * lives, and for twice that at most: two maps that take turns hold no more than an id and a number of each.
 */
export class SessionsOver {
  private younger = new Map<string, number>()
  private older = new Map<string, number>()
  private turnsAt = 0

  constructor(
    private readonly ttlMs: number,
    /** How many are known at least, if there were as many; above that the older ones go. */
    private readonly least: number,
  ) {}

  /** How many are known. */
  get size(): number {
    return this.younger.size + this.older.size
  }

  /** A session ended that somebody held as this owner. */
  add(id: string, owner: number, now: number): void {
    this.sweep(now)
    if (this.younger.size >= this.least) this.turn(now)
    this.younger.set(id, owner)
  }

  /** Whether a session ended under this owner, or a later one. */
  has(id: string, owner: number): boolean {
    return (this.younger.get(id) ?? this.older.get(id) ?? 0) >= owner
  }

  /** A session is begun anew. */
  remove(id: string): void {
    this.younger.delete(id)
    this.older.delete(id)
  }

  /** Forgets those whose time is over. */
  sweep(now: number): void {
    if (now < this.turnsAt) return
    const isLate = now >= this.turnsAt + this.ttlMs
    this.turn(now)
    if (isLate) this.older = new Map()
  }

  private turn(now: number): void {
    this.older = this.younger
    this.younger = new Map()
    this.turnsAt = now + this.ttlMs
  }
}
