import type { Clock, EncodedFrame } from '../ports/index.js'
import { Batch } from './batch.js'
import type { SendQueue } from './send-queue.js'

/**
 * Flushes all queues that were filled during a turn of the loop, once, at its end. A socket write costs more than
 * everything before it, so frames of one turn share one.
 */
export class Writer {
  /** What was written so far, on all links. */
  readonly sent = { frames: 0, bytes: 0, writes: 0 }

  private dirty: SendQueue[] = []
  private empty = Batch.empty()

  constructor(private readonly clock: Clock) {}

  /** Begins the batch of a queue, which is flushed at the end of this turn. */
  begin(queue: SendQueue, frame: EncodedFrame): Batch {
    if (this.dirty.length === 0) this.clock.soon(() => this.flush())
    this.dirty.push(queue)
    return this.empty.with(frame)
  }

  /** Takes note of one write. */
  count({ frames, bytes }: Batch): void {
    this.sent.frames += frames.length
    this.sent.bytes += bytes
    this.sent.writes += 1
  }

  private flush(): void {
    const queues = this.dirty
    this.dirty = []
    // A new one, so that nothing is held between turns.
    this.empty = Batch.empty()
    for (const queue of queues) queue.flush()
  }
}
