import type { Limits, Mode, Position, Since } from '@org/realtime-protocol'
import type { Broker, Clock, Logger, StoredPublication } from '../ports/index.js'
import type { Audience } from './audience.js'
import type { Subscription } from './subscription.js'
import type { Upkeep } from './upkeep.js'

/** What a channel needs of its node. */
export interface ChannelContext {
  readonly broker: Broker
  readonly clock: Clock
  readonly logger: Logger
  readonly upkeep: Upkeep
  readonly limits: Pick<Limits, 'recoveryPageMessages'>
  /** How long a publication of a busy channel may wait for others, in milliseconds. */
  readonly writeDelayMs: number
  /** How the channel of a name keeps and delivers messages. */
  modeOf(name: string): Mode
  readonly instruments: { slow: number; dropped: number }
}

/**
 * One channel on one node: takes what the broker delivers, once for all local subscribers, and gives each of them what
 * its mode promises. There is one class for each mode.
 */
export interface Channel {
  /** Its name at the broker. */
  readonly name: string
  /** Who listens here. */
  readonly audience: Audience
  /** Takes a publication from the broker. */
  deliver(epoch: string, publication: StoredPublication): void
  /** Has the position verified against the log. */
  suspect(): void
  /** The log ends at `head`: has the position verified if it is another. */
  verify(head: Position): void
  /** Answers a new subscription with `subscribed`, and gives it what it is owed. Never rejects. */
  start(subscription: Subscription, since: Since | undefined): Promise<void>
  /** The link has room again: gives a subscription that is not live what it is owed. Never rejects. */
  fill(subscription: Subscription): void
  /** Lets go of the broker; the channel is not used afterwards. */
  close(): void
}
