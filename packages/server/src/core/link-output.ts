import type { CloseCodeName, ServerErrorCode, ServerFrame } from '@org/realtime-protocol'
import type { EncodedFrame, Transport } from '../ports/index.js'
import { encoded } from './encoded-frame.js'
import type { Node } from './node.js'
import type { SubscriberLink } from './subscription.js'
import { wireError, type ErrorDetails } from './wire-errors.js'
import { SendQueue, type QueueOwner } from './writer.js'

/** The outward half of a link: what is said to the peer waits in its send queue, within bounds. */
export abstract class LinkOutput implements SubscriberLink, QueueOwner {
  protected readonly queue: SendQueue
  /** Who waits for the link to drain. */
  private waiting: Array<() => void> | undefined

  constructor(
    protected readonly node: Node,
    protected readonly transport: Transport,
  ) {
    this.queue = new SendQueue(transport, node.writer, this)
  }

  /** Whether the link is over. */
  abstract readonly isClosed: boolean
  /** Closes the link. */
  abstract hangup(name: CloseCodeName): void
  abstract drained(): void

  /** Sends a frame at the end of this turn. A peer that takes nothing for too long is hung up on. */
  send(frame: EncodedFrame): void {
    if (this.isClosed) return
    // One large frame on an idle link says nothing about how fast the peer reads.
    const waiting = this.queue.bytes
    if (waiting > 0 && waiting + frame.bytes > this.node.limits.sendQueueHardBytes) {
      this.node.limited('sendQueueHardBytes', { peer: this.peer })
      return this.hangup('SLOW')
    }
    this.queue.push(frame)
  }

  /** Encodes and sends a frame that goes to this link only. */
  say(frame: ServerFrame): void {
    this.send(encoded(frame))
  }

  /** Sends a publication unless the link has enough to send; then its subscription has to fall behind. */
  offer(frame: EncodedFrame): boolean {
    if (this.congested) return false
    if (!this.isClosed) this.queue.push(frame)
    return true
  }

  get congested(): boolean {
    return this.queue.bytes >= this.node.limits.sendQueueSoftBytes
  }

  /** Resolves when the link has room for an answer of many bytes, or is over. */
  async room(): Promise<void> {
    while (this.congested && !this.isClosed) {
      await new Promise<void>((resolve) => (this.waiting ??= []).push(resolve))
    }
  }

  /** Tells the peer that a request failed. */
  fail(ref: number | undefined, code: ServerErrorCode, details?: ErrorDetails): void {
    this.say({ type: 'error', ...(ref === undefined ? {} : { ref }), ...wireError(code, details) })
  }

  /** Tells the peer that a subscription is over or was never begun. */
  endSubscription(channel: string, generation: number, code: ServerErrorCode, details?: ErrorDetails): void {
    this.say({ type: 'unsubscribed', channel, generation, ...wireError(code, details) })
  }

  /** Address of the peer, for logs. */
  get peer(): string {
    return this.transport.peer
  }

  /** Bytes that wait for the peer to take them. */
  get queuedBytes(): number {
    return this.queue.bytes
  }

  get receivedBytes(): number {
    return this.transport.receivedBytes
  }

  /** Whoever waits for room looks again. */
  protected goOn(): void {
    const { waiting } = this
    this.waiting = undefined
    for (const resolve of waiting ?? []) resolve()
  }
}
