import type { EncodedFrame, StoredPublication } from '../ports/index.js'
import { encodedPublication } from './encoded-frame.js'
import { Fifo } from './fifo.js'
import type { Page } from './page.js'

interface Entry {
  readonly publication: StoredPublication
  readonly frame: EncodedFrame
  /** Epoch written into the frame; after a rebase the frame is made anew when it is asked for. */
  readonly epoch: string
}

const MAX_MESSAGES = 256
const MAX_BYTES = 262_144

/**
 * The latest publications of a channel on this node, without a hole, already encoded. It serves most resumes without
 * asking the broker. It may only ever say "here is what follows": what it does not hold, the broker judges.
 */
export class Ring {
  private readonly entries = new Fifo<Entry>()
  private bytes = 0

  constructor(private readonly channel: string) {}

  /** Encodes a publication, keeps it as the latest one and returns its frame. */
  push(epoch: string, publication: StoredPublication): EncodedFrame {
    const frame = this.encode(epoch, publication)
    this.entries.push({ publication, frame, epoch })
    this.bytes += frame.bytes
    while (this.entries.length > MAX_MESSAGES || (this.bytes > MAX_BYTES && this.entries.length > 1)) {
      this.bytes -= this.entries.shift()?.frame.bytes ?? 0
    }
    return frame
  }

  /**
   * Takes in what was read of the log for somebody, where it joins on, so that it serves the next one as well. What is
   * held is not given up for it.
   *
   * @param next The offset that follows the latest publication on this node.
   */
  extend(page: Page, next: number): void {
    const { publications, head } = page.recovery
    const from = this.entries.at(0)?.publication.offset ?? next
    const last = from - 1 - (publications[0]?.offset ?? from)
    if (publications[last]?.offset !== from - 1) return
    const older: Entry[] = []
    for (let i = last; i >= 0; i--) {
      const [publication, frame] = [publications[i], page.frame(i)]
      if (!publication || !frame || this.entries.length + older.length >= MAX_MESSAGES) break
      if (this.bytes + frame.bytes > MAX_BYTES) break
      this.bytes += frame.bytes
      older.push({ publication, frame, epoch: head.epoch })
    }
    this.entries.prepend(older.reverse())
  }

  /** The frame that follows an offset, named in the current epoch; `undefined` when it is not held. */
  after(epoch: string, offset: number): EncodedFrame | undefined {
    const first = this.entries.at(0)?.publication.offset
    if (first === undefined) return undefined
    const entry = this.entries.at(offset + 1 - first)
    if (!entry) return undefined
    if (entry.epoch === epoch) return entry.frame
    const frame = this.encode(epoch, entry.publication)
    this.bytes += frame.bytes - entry.frame.bytes
    this.entries.replace(offset + 1 - first, { publication: entry.publication, frame, epoch })
    return frame
  }

  /** Whether everything after an offset up to the latest is held. */
  covers(offset: number): boolean {
    const first = this.entries.at(0)?.publication.offset
    return first !== undefined && first <= offset + 1
  }

  /** Forgets everything: what follows does not join what was. */
  clear(): void {
    this.entries.clear()
    this.bytes = 0
  }

  private encode(epoch: string, publication: StoredPublication): EncodedFrame {
    return encodedPublication(this.channel, epoch, publication)
  }
}
