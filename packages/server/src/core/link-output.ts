import type { ServerErrorCode, ServerFrame } from '@org/realtime-protocol'
import type { EncodedFrame } from '../ports/index.js'
import { encoded } from './encoded-frame.js'
import { Outlet } from './outlet.js'
import type { SubscriberLink } from './subscription.js'
import { wireError, type ErrorDetails } from './wire-errors.js'

/** The outward half of a link that speaks our protocol. */
export abstract class LinkOutput extends Outlet implements SubscriberLink {
  /** Who waits for the link to drain. */
  private waiting: Array<() => void> | undefined

  /** Sends a frame that must not be skipped. */
  send(frame: EncodedFrame): void {
    this.enqueue(frame)
  }

  /** Encodes and sends a frame that goes to this link only. */
  say(frame: ServerFrame): void {
    this.send(encoded(frame))
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

  /** Whoever waits for room looks again. */
  protected goOn(): void {
    const { waiting } = this
    this.waiting = undefined
    for (const resolve of waiting ?? []) resolve()
  }
}
