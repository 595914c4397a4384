import { NULL_POSITION, type Position } from '@org/realtime-protocol'
import type { EncodedFrame } from '../ports/index.js'
import type { Channel } from './channel.js'

/** The link of a subscriber, as far as a channel needs it. */
export interface SubscriberLink {
  /**
   * Sends a publication, unless the link has more to send than it should; then it returns false. One that can wait may
   * be held for a moment, for others to go with it.
   */
  offer(frame: EncodedFrame, canWait?: boolean): boolean
  /** Sends a frame that must not be skipped. */
  send(frame: EncodedFrame): void
  /** Whether `offer` would refuse. */
  readonly congested: boolean
}

/**
 * One session on one channel. Live, it gets what the channel broadcasts, and its position is the channel's. Behind, it
 * keeps nothing but its own position and is filled from the log: so a slow link costs the same whatever it missed.
 */
export class Subscription {
  /** Position after which the next publication is due. Only meaningful while behind. */
  position: Position = NULL_POSITION
  /** Whether it gets broadcasts. */
  live = false
  /** Whether it is over; whatever still runs for it must stop. */
  ended = false
  /** Whether it fell behind because the link was slow. */
  slow = false
  /** Whether a filling runs, and whether it was asked for again meanwhile. */
  filling: 'no' | 'yes' | 'again' = 'no'

  constructor(
    readonly channel: Channel,
    readonly link: SubscriberLink,
    readonly generation: number,
  ) {}
}
