import type { Clock, EncodedFrame, Transport } from '../ports/index.js'

/** Whose frames a queue holds. */
export interface QueueOwner {
  /** Whether the queue holds as much as publications may fill. */
  readonly congested: boolean
  /** There is room again. */
  drained(): void
}

/**
 * Owns all outbound frames of one link until its turn ends, and knows how much the peer still has to take.
 * Filled by the connection, emptied by the {@link Writer}.
 */
export class SendQueue {
  private frames: EncodedFrame[] | undefined
  private queuedBytes = 0

  constructor(
    private readonly transport: Transport,
    private readonly writer: Writer,
    private readonly owner: QueueOwner,
  ) {}

  /** Bytes that wait here or in the transport. */
  get bytes(): number {
    return this.queuedBytes + this.transport.bufferedBytes
  }

  /** Adds a frame; it is written when the turn of the loop ends. */
  push(frame: EncodedFrame): void {
    this.queuedBytes += frame.bytes
    if (this.frames) this.frames.push(frame)
    else {
      this.frames = [frame]
      this.writer.mark(this)
    }
  }

  /** Writes what waits. */
  flush(): void {
    const { frames, owner } = this
    if (!frames) return
    const wasCongested = owner.congested
    this.frames = undefined
    this.writer.count(frames.length, this.queuedBytes)
    this.queuedBytes = 0
    this.transport.write(frames)
    // A turn can fill this queue while the transport takes all of it at once, and has nothing to drain.
    if (wasCongested && !owner.congested) owner.drained()
  }

  /** Forgets what waits; for a link that is gone. */
  discard(): void {
    this.frames = undefined
    this.queuedBytes = 0
  }
}

/**
 * Flushes all queues that were filled during a turn of the loop, once, at its end. A socket write costs more than
 * everything before it, so frames of one turn share one.
 */
export class Writer {
  /** What was written so far, on all links. */
  readonly sent = { frames: 0, bytes: 0, writes: 0 }

  private dirty: SendQueue[] = []

  constructor(private readonly clock: Clock) {}

  /** Has a queue flushed at the end of this turn. */
  mark(queue: SendQueue): void {
    if (this.dirty.length === 0) this.clock.soon(() => this.flush())
    this.dirty.push(queue)
  }

  /** Takes note of one write. */
  count(frames: number, bytes: number): void {
    this.sent.frames += frames
    this.sent.bytes += bytes
    this.sent.writes += 1
  }

  private flush(): void {
    const queues = this.dirty
    this.dirty = []
    for (const queue of queues) queue.flush()
  }
}
