import type { Clock } from '../ports/index.js'
import { Batch } from './batch.js'
import type { SendQueue } from './send-queue.js'

/**
 * Flushes the queues that were filled during a turn of the loop, once, at its end; those with nothing but what can wait a
 * little later. A socket write costs more than everything before it, so as many frames as possible share one.
 */
export class Writer {
  /** What was written so far, on all links. */
  readonly sent = { frames: 0, bytes: 0, writes: 0 }

  private readonly turn: Round
  private readonly pause: Round

  /** @param delayMs How long a frame that can wait waits at most. */
  constructor(clock: Clock, delayMs: number) {
    this.turn = new Round((flush) => clock.soon(flush))
    this.pause = new Round((flush) => clock.setTimer(flush, delayMs))
  }

  /** The batch that a queue with nothing to send begins with. */
  begin(canWait: boolean): Batch {
    return this.roundOf(canWait).nothing
  }

  /** Has a queue flushed in time for what it has to send now. */
  add(queue: SendQueue, { canWait }: Batch): void {
    this.roundOf(canWait).add(queue)
  }

  /** Takes note of one write. */
  count({ frames, bytes }: Batch): void {
    this.sent.frames += frames.length
    this.sent.bytes += bytes
    this.sent.writes += 1
  }

  private roundOf(canWait: boolean): Round {
    return canWait ? this.pause : this.turn
  }
}

/** Queues that are flushed together. */
class Round {
  /** What all of them begin with, so that those with the same frames share a batch. */
  nothing = Batch.empty()
  private queues: SendQueue[] = []

  constructor(private readonly schedule: (flush: () => void) => void) {}

  add(queue: SendQueue): void {
    if (this.queues.length === 0) this.schedule(() => this.flush())
    this.queues.push(queue)
  }

  private flush(): void {
    const { queues } = this
    this.queues = []
    // A new one, so that nothing is held until the next time.
    this.nothing = Batch.empty()
    for (const queue of queues) queue.flush()
  }
}
