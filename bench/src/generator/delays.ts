import { sharedNow } from '../clock.js'
import { dueOf } from '../message.js'
import { quantile } from '../numbers/quantile.js'

/** From the moment a message was due until a subscriber had it, in milliseconds. */
export interface Latencies {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/**
 * Measures deliveries from the moment their message was due: what a late publisher or a stalled server delays counts as
 * delay, for every message behind it too.
 */
export class Delays {
  private readonly took: number[] = []
  private arrived = 0

  /** @param every Which deliveries are measured: each, or each seventh, where looking at all would be too much work. */
  constructor(private readonly every: number) {}

  /** A message arrived, in these bytes. */
  take(bytes: Buffer, start: number, end: number): void {
    if (this.arrived++ % this.every === 0) this.took.push(sharedNow() - dueOf(bytes, start, end))
  }

  /** Forgets what was measured so far. */
  reset(): void {
    this.took.length = this.arrived = 0
  }

  /** @throws RangeError when nothing was measured. */
  get latencies(): Latencies {
    const { took } = this
    return { p50: quantile(took, 0.5), p99: quantile(took, 0.99), max: quantile(took, 1) }
  }
}
