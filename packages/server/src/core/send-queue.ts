import type { EncodedFrame, Transport } from '../ports/index.js'
import type { Batch } from './batch.js'
import type { Writer } from './writer.js'

/**
 * Owns all outbound frames of one link until they are written, and knows how much the peer still has to take. Filled by
 * the link it is a part of, emptied by the {@link Writer}.
 */
export abstract class SendQueue {
  private batch: Batch | undefined
  /** Whether the transport may hold what the peer has yet to take. Most never do, and are not asked. */
  private isBehind = false

  constructor(
    protected readonly transport: Transport,
    private readonly writer: Writer,
  ) {}

  /** Whether it holds as much as publications may fill. */
  abstract readonly congested: boolean
  /** There is room again. */
  abstract drained(): void

  /** Bytes that wait for the peer to take them, here or in the transport. */
  get queuedBytes(): number {
    const here = this.batch?.bytes ?? 0
    if (!this.isBehind) return here
    const there = this.transport.bufferedBytes
    this.isBehind = there > 0
    return here + there
  }

  /** Writes what waits. */
  flush(): void {
    const { batch } = this
    if (!batch) return
    const wasCongested = this.congested
    this.batch = undefined
    this.writer.count(batch)
    this.transport.write(batch.frames)
    this.isBehind = this.transport.bufferedBytes > 0
    // A turn can fill this queue while the transport takes all of it at once, and has nothing to drain.
    if (wasCongested && !this.congested) this.drained()
  }

  /** Adds a frame; it is written when the turn of the loop ends, or soon after if it can wait and so can all before it. */
  protected push(frame: EncodedFrame, canWait = false): void {
    const { batch, writer } = this
    this.batch = (batch ?? writer.begin(canWait)).with(frame, canWait)
    if (!batch || (batch.canWait && !this.batch.canWait)) writer.add(this, this.batch)
  }

  /** Forgets what waits; for a link that is gone. */
  protected discard(): void {
    this.batch = undefined
  }
}
