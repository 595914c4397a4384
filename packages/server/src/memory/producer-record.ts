import { DEFAULT_LIMITS } from '@org/realtime-protocol'
import type { ProducerNumber } from '../ports/index.js'

/** Where a publish was stored, in whatever epoch the log has now. */
export interface Stored {
  readonly offset: number
  readonly id: string
}

/** What a number means to a log. */
export type NumberVerdict =
  | { readonly kind: 'next' }
  | {
      readonly kind: 'repeat'
      /** Where it was stored, unless that is forgotten. */
      readonly stored: Stored | undefined
      /** The number to send next. */
      readonly expected: number
    }
  | { readonly kind: 'out-of-order'; readonly expected: number }

/** What a log remembers of one producer: its last number, and where the latest ones were stored. PROTOCOL.md §3.4. */
export class ProducerRecord {
  private constructor(
    private last: number,
    private readonly stored: Map<number, Stored>,
  ) {}

  /** The record of a producer nothing is known of. */
  static empty(): ProducerRecord {
    return new ProducerRecord(0, new Map())
  }

  /**
   * Strictly in order. A number that was taken is a repeat; the next one that the client still owes is next. "Any
   * higher number" would not do: after a change of links number 6 can arrive before number 5, and 5 would be thrown
   * away as a repeat.
   */
  judge({ seq, lowest }: ProducerNumber): NumberVerdict {
    const expected = Math.max(this.last + 1, lowest)
    if (seq <= this.last) return { kind: 'repeat', stored: this.stored.get(seq), expected }
    return seq === expected ? { kind: 'next' } : { kind: 'out-of-order', expected }
  }

  /** Remembers that a number was stored. */
  record(seq: number, stored: Stored): void {
    this.last = seq
    this.stored.set(seq, stored)
    if (this.stored.size <= DEFAULT_LIMITS.producerPositions) return
    for (const oldest of this.stored.keys()) {
      this.stored.delete(oldest)
      return
    }
  }

  /** How many positions are kept. */
  get positions(): number {
    return this.stored.size
  }

  /** A copy that changes on its own. */
  copy(): ProducerRecord {
    return new ProducerRecord(this.last, new Map(this.stored))
  }
}
