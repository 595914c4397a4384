import type { EncodedFrame } from '../ports/index.js'

/** From here on the bytes cost more than the write. */
const WORTH_A_WRITE_BYTES = 16_384

/**
 * The frames that a link sends next, in their order. Links with the same frames to send share one batch,
 * whoever they are: a batch knows the one it became when a frame was added last. So ten thousand subscribers of a channel
 * have one list of frames, and whoever joins its bytes joins them once.
 */
export class Batch {
  /** Bytes of all of them. */
  readonly bytes: number
  private grown: Batch | undefined
  private list: readonly EncodedFrame[] | undefined

  private constructor(
    private readonly before: Batch | undefined,
    private readonly last: EncodedFrame | undefined,
    /** Whether it may wait for others to come: all of its frames may, and it is not so large that a write pays off. */
    readonly canWait: boolean,
  ) {
    this.bytes = before && last ? before.bytes + last.bytes : 0
  }

  /** One without frames, from which others grow. */
  static empty(): Batch {
    return new Batch(undefined, undefined, true)
  }

  /** This one and a frame more. */
  with(frame: EncodedFrame, canWait: boolean): Batch {
    const waits = canWait && this.canWait && this.bytes + frame.bytes < WORTH_A_WRITE_BYTES
    if (this.grown?.last !== frame || this.grown.canWait !== waits) this.grown = new Batch(this, frame, waits)
    return this.grown
  }

  /** The frames: the same list for all who share the batch. */
  get frames(): readonly EncodedFrame[] {
    return (this.list ??= Batch.listed(this))
  }

  private static listed(whole: Batch): EncodedFrame[] {
    const frames: EncodedFrame[] = []
    for (let batch: Batch | undefined = whole; batch?.last; batch = batch.before) frames.push(batch.last)
    return frames.reverse()
  }
}
