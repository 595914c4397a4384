/** Lets the first of many equal events through, then one in each period, so that a flood of them is no flood of log lines. */
export class Seldom {
  private readonly last = new Map<string, number>()

  constructor(private readonly periodMs: number) {}

  /** Whether it is time to tell of an event again. The names are few, and the caller's own. */
  isDue(name: string, now: number): boolean {
    const last = this.last.get(name)
    if (last !== undefined && now - last < this.periodMs) return false
    this.last.set(name, now)
    return true
  }
}
