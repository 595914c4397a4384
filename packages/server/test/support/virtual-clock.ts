import type { Clock } from '../../src/index.js'

interface VirtualTimer {
  readonly at: number
  readonly order: number
  readonly callback: () => void
}

/** Turns of the microtask queue after which everything that waits for promises only has run. */
const ROUNDS = 60

/** Time that moves only when told to. Between two moments everything that waits for promises has its turn. */
export class VirtualClock implements Clock {
  private time = 1_000
  private order = 0
  private readonly timers = new Set<VirtualTimer>()
  private ends: Array<() => void> = []

  now(): number {
    return this.time
  }

  date(): number {
    return 1_767_225_600_000 + this.time
  }

  setTimer(callback: () => void, delayMs: number): VirtualTimer {
    if (!(delayMs >= 0)) throw new RangeError(`a timer of ${delayMs} ms`)
    const timer = { at: this.time + delayMs, order: this.order++, callback }
    this.timers.add(timer)
    return timer
  }

  clearTimer(timer: unknown): void {
    this.timers.delete(timer as VirtualTimer)
  }

  soon(callback: () => void): void {
    this.ends.push(callback)
  }

  /** How many timers are set. */
  get pending(): number {
    return this.timers.size
  }

  /** Runs what waits for promises and for the end of a turn, until nothing does. */
  async settle(): Promise<void> {
    do {
      for (let i = 0; i < ROUNDS; i++) await Promise.resolve()
      this.endTurn()
      for (let i = 0; i < ROUNDS; i++) await Promise.resolve()
    } while (this.ends.length > 0)
  }

  /** Ends a turn of the loop: runs what was asked for `soon`. */
  endTurn(): void {
    const ends = this.ends
    this.ends = []
    for (const callback of ends) callback()
  }

  /** Lets time pass, running each timer at its moment. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms
    await this.settle()
    for (let next = this.next(); next && next.at <= end; next = this.next()) {
      this.time = Math.max(this.time, next.at)
      this.timers.delete(next)
      next.callback()
      await this.settle()
    }
    this.time = end
  }

  /** Lets time pass while the process is suspended: nothing runs. The timers that are due run with the next advance. */
  suspend(ms: number): void {
    this.time += ms
  }

  private next(): VirtualTimer | undefined {
    let first: VirtualTimer | undefined
    for (const timer of this.timers) {
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    }
    return first
  }
}
