import type { Clock } from '../../src/index.js'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** Lets every promise that can go on go on. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

/** Time that passes when a test says so. */
export class VirtualClock implements Clock {
  private time = 1_000
  private readonly timers = new Set<Timer>()

  now(): number {
    return this.time
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer = { at: this.time + delayMs, callback }
    this.timers.add(timer)
    return timer
  }

  clearTimer(timer: unknown): void {
    this.timers.delete(timer as Timer)
  }

  /** How many timers are set. */
  get pending(): number {
    return this.timers.size
  }

  /** Lets time pass, and everything that is due happen at its moment. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms
    await settled()
    for (;;) {
      const next = [...this.timers].sort((a, b) => a.at - b.at)[0]
      if (!next || next.at > end) break
      this.time = Math.max(this.time, next.at)
      this.timers.delete(next)
      next.callback()
      await settled()
    }
    this.time = end
  }

  /** Lets time pass without any timer noticing, as a sleeping machine does. What is due fires with the next `advance`. */
  sleep(ms: number): void {
    this.time += ms
  }
}
