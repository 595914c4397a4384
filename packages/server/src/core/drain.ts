import type { Clock, Timer } from '../ports/index.js'

/** A link that can be sent away. */
export interface Drainable {
  /** Whether the link has requests that are not answered yet. */
  readonly isBusy: boolean
  /** Closes the link with a word to come back. */
  hangup(name: 'RESTART', detail: undefined, retryAfterMs: number | undefined): void
}

/** How links are sent away. */
export interface DrainPace {
  /** Time to wait before the first one: what a load balancer needs to see that this node is not ready. */
  readonly lbDelayMs: number
  /** Time to spread the links over. 0: all at once. */
  readonly drainMs: number
  /** What the clients are told to wait, on top of their own back-off. */
  readonly retryAfterMs?: number | undefined
}

/** Time between two batches: short enough that each is small beside what another node takes in easily. */
const BATCH_MS = 100

/**
 * Sends the links of a node away in even batches, so that whoever takes them over meets a stream and not a herd. A link
 * that waits for answers is passed over until the deadline, which takes everything that is left.
 */
export class Drain {
  /** Whether new links are turned away. */
  refuses = false

  private timer: Timer
  private wake: (() => void) | undefined
  private hasty = false

  constructor(
    private readonly links: ReadonlySet<Drainable>,
    private readonly pace: DrainPace,
    private readonly clock: Clock,
  ) {}

  /** Resolves when no link is left. */
  async run(): Promise<void> {
    const { lbDelayMs, drainMs } = this.pace
    await this.pause(lbDelayMs)
    this.refuses = true
    const deadline = this.clock.now() + drainMs
    for (let left = drainMs; left > 0 && this.links.size > 0 && !this.hasty; left = deadline - this.clock.now()) {
      await this.pause(Math.min(BATCH_MS, left))
      this.release(Math.ceil((this.links.size * BATCH_MS) / Math.max(BATCH_MS, left)))
    }
    for (const link of this.links) this.send(link)
  }

  /** Waits no more: for a second signal to stop. */
  hasten(): void {
    this.hasty = true
    this.clock.clearTimer(this.timer)
    this.wake?.()
  }

  private release(batch: number): void {
    let left = batch
    for (const link of this.links) {
      if (left === 0) return
      if (link.isBusy) continue
      this.send(link)
      left -= 1
    }
  }

  private send(link: Drainable): void {
    link.hangup('RESTART', undefined, this.pace.retryAfterMs)
  }

  private pause(ms: number): Promise<void> {
    if (ms <= 0 || this.hasty) return Promise.resolve()
    return new Promise((resolve) => {
      this.wake = resolve
      this.timer = this.clock.setTimer(resolve, ms)
    })
  }
}
