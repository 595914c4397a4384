import type { Clock } from '../ports/index.js'

/** Delays in which the rate is taken. */
const DELAYS_PER_WINDOW = 8

/**
 * How fast a channel is: whether so much comes that a short delay brings several messages together. Then they may wait for
 * each other; what comes now and then is not held up, for nothing would be gained.
 */
export class Tempo {
  private readonly windowMs: number
  private endsAt = 0
  private beats = 0
  private wasBusy = false

  /**
   * @param delayMs The delay, in milliseconds; 0: never.
   * @param together How many it has to bring together.
   */
  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    delayMs: number,
    private readonly together: number,
  ) {
    this.windowMs = delayMs * DELAYS_PER_WINDOW
  }

  /** A message comes: whether it may wait. */
  beat(): boolean {
    if (this.windowMs === 0) return false
    const now = this.clock.now()
    if (now >= this.endsAt) {
      // A window in which nothing came has no beat to close it.
      this.wasBusy = this.isBusy && now < this.endsAt + this.windowMs
      this.endsAt = now + this.windowMs
      this.beats = 0
    }
    this.beats += 1
    return this.wasBusy || this.isBusy
  }

  private get isBusy(): boolean {
    return this.beats >= this.together * DELAYS_PER_WINDOW
  }
}
