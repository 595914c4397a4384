import type { CloseCodeName } from '@org/realtime-protocol'
import type { EncodedFrame, Transport } from '../ports/index.js'
import type { Node } from './node.js'
import { SendQueue } from './send-queue.js'

/** Where what is said to a peer waits, within bounds: the same for every link, whatever it speaks. */
export abstract class Outlet extends SendQueue {
  constructor(
    protected readonly node: Node,
    transport: Transport,
  ) {
    super(transport, node.writer)
  }

  /** Whether the link is over. */
  abstract readonly isClosed: boolean
  /** Closes the link. */
  abstract hangup(name: CloseCodeName): void

  /** Sends a frame at the end of this turn. A peer that takes nothing for too long is hung up on. */
  enqueue(frame: EncodedFrame): void {
    if (this.isClosed) return
    // One large frame on an idle link says nothing about how fast the peer reads.
    const waiting = this.queuedBytes
    if (waiting > 0 && waiting + frame.bytes > this.node.limits.sendQueueHardBytes) {
      this.node.limited('sendQueueHardBytes', { peer: this.peer })
      return this.hangup('SLOW')
    }
    this.push(frame)
  }

  /** Sends a publication unless the link has enough to send; then its subscription has to fall behind. */
  offer(frame: EncodedFrame, canWait = false): boolean {
    if (this.congested) return false
    if (!this.isClosed) this.push(frame, canWait)
    return true
  }

  get congested(): boolean {
    return this.queuedBytes >= this.node.limits.sendQueueSoftBytes
  }

  /** Address of the peer, for logs. */
  get peer(): string {
    return this.transport.peer
  }

  get receivedBytes(): number {
    return this.transport.receivedBytes
  }
}
