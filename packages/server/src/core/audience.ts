import type { EncodedFrame } from '../ports/index.js'
import type { ChannelContext } from './channel.js'
import type { Subscription } from './subscription.js'
import { Tempo } from './tempo.js'

/** What an audience needs of its node. */
export type AudienceContext = Pick<ChannelContext, 'instruments' | 'clock' | 'writeDelayMs'>

/** Messages in one write that are worth a delay. */
const TOGETHER = 2

/** Who listens to one channel on one node: live ones get broadcasts, the others are behind, and some wait to be filled. */
export class Audience {
  /** How many subscriptions there are, live or behind. */
  members = 0
  private readonly live = new Set<Subscription>()
  private readonly waiting = new Set<Subscription>()

  private readonly instruments: ChannelContext['instruments']
  private readonly tempo: Tempo
  /** Whether what is broadcast now may wait for more. */
  private canWait = false

  constructor({ instruments, clock, writeDelayMs }: AudienceContext) {
    this.instruments = instruments
    this.tempo = new Tempo(clock, writeDelayMs, TOGETHER)
  }

  /** Lets a subscription that has caught up take part in broadcasts. */
  goLive(subscription: Subscription): void {
    subscription.live = true
    subscription.slow = false
    this.live.add(subscription)
  }

  /** Takes a subscription whose link is slow out of the broadcasts. */
  fallBehind(subscription: Subscription): void {
    this.live.delete(subscription)
    subscription.live = false
    subscription.slow = true
    this.instruments.slow += 1
  }

  /** One publication or several come together: those go out in one write anyway, and need not wait for each other. */
  expect(): void {
    this.canWait = this.tempo.beat()
  }

  /** Offers a publication to everybody who is live. Those whose link cannot take it go to `refused`. */
  broadcast(frame: EncodedFrame, refused: (subscription: Subscription) => void): void {
    const { canWait } = this
    for (const subscription of this.live) if (!subscription.link.offer(frame, canWait)) refused(subscription)
  }

  /** Sends everybody who is live a frame that must not be skipped. */
  tell(frame: EncodedFrame): void {
    for (const subscription of this.live) subscription.link.send(frame)
  }

  /** Has a subscription filled again when the channel wakes its audience. */
  wait(subscription: Subscription): void {
    this.waiting.add(subscription)
  }

  /** Fills all who wait. */
  wake(fill: (subscription: Subscription) => void): void {
    if (this.waiting.size === 0) return
    const waiting = [...this.waiting]
    this.waiting.clear()
    for (const subscription of waiting) fill(subscription)
  }

  /** Ends a subscription. */
  leave(subscription: Subscription): void {
    if (subscription.ended) return
    subscription.ended = true
    this.live.delete(subscription)
    this.waiting.delete(subscription)
    this.members -= 1
  }
}
