/** Holds promises back until it is opened: what a test needs to choose the order in which things end. */
export class Gate {
  private readonly waiting: Array<() => void> = []
  private shut = false

  /** How many are held back. */
  get size(): number {
    return this.waiting.length
  }

  /** From now on everything is held back. */
  close(): void {
    this.shut = true
  }

  /** Lets through what is held back, and what comes. */
  open(): void {
    this.shut = false
    for (const go of this.waiting.splice(0)) go()
  }

  /** Lets the one through that has waited longest. */
  step(): void {
    this.waiting.shift()?.()
  }

  /** Does something now, and gives its outcome when the gate lets it through. */
  async after<T>(work: () => Promise<T>): Promise<T> {
    const outcome = work()
    outcome.catch(() => undefined)
    if (this.shut) await new Promise<void>((resolve) => this.waiting.push(resolve))
    return outcome
  }
}
