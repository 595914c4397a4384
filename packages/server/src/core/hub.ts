import type { Mode, Position } from '@org/realtime-protocol'
import type { StoredPublication, Timer } from '../ports/index.js'
import type { Channel, ChannelContext } from './channel.js'
import { EphemeralChannel } from './ephemeral-channel.js'
import { LatestChannel } from './latest-channel.js'
import { LogChannel } from './log-channel.js'
import type { Subscription } from './subscription.js'

/** Time a channel stays open after its last subscriber has left: page changes and reconnects come back to it. */
const LINGER_MS = 10_000

const KINDS: Readonly<Record<Mode, new (name: string, context: ChannelContext) => Channel>> = {
  log: LogChannel,
  latest: LatestChannel,
  ephemeral: EphemeralChannel,
}

/**
 * The channels of this node, by name. The first subscriber opens a channel, and some time after the last one has left
 * it is closed.
 */
export class Hub {
  private readonly channels = new Map<string, Channel>()
  /** Timers of the channels that the last subscriber has left. */
  private readonly lingering = new Map<string, Timer>()

  constructor(private readonly context: ChannelContext) {}

  /** How many channels are open. */
  get size(): number {
    return this.channels.size
  }

  /** The channel of a name, opened if need be, with one more member. */
  join(name: string): Channel {
    let channel = this.channels.get(name)
    if (!channel) {
      channel = new KINDS[this.context.modeOf(name)](name, this.context)
      this.channels.set(name, channel)
    }
    channel.audience.members += 1
    this.keep(name)
    return channel
  }

  /** Ends a subscription, and after a while its channel, if nobody else is there. */
  leave(subscription: Subscription): void {
    if (subscription.ended) return
    const { channel } = subscription
    channel.audience.leave(subscription)
    if (channel.audience.members > 0) return
    this.lingering.set(
      channel.name,
      this.context.clock.setTimer(() => this.closeIdle(channel), LINGER_MS),
    )
  }

  /** Takes publications from the broker. */
  deliver(name: string, epoch: string, publications: readonly StoredPublication[]): void {
    const channel = this.channels.get(name)
    if (!channel) return
    channel.audience.expect()
    for (const publication of publications) channel.deliver(epoch, publication)
  }

  /** Has every channel verify its position, those first that most listen to. */
  resync(): void {
    const channels = [...this.channels.values()].sort((a, b) => b.audience.members - a.audience.members)
    for (const channel of channels) channel.suspect()
  }

  /** The log of a channel ends at `head`: has it verify its position if that is another. */
  verify(name: string, head: Position): void {
    this.channels.get(name)?.verify(head)
  }

  /** Closes all channels. */
  close(): void {
    for (const name of [...this.lingering.keys()]) this.keep(name)
    for (const channel of this.channels.values()) channel.close()
    this.channels.clear()
  }

  private keep(name: string): void {
    if (!this.lingering.has(name)) return
    this.context.clock.clearTimer(this.lingering.get(name))
    this.lingering.delete(name)
  }

  private closeIdle(channel: Channel): void {
    this.lingering.delete(channel.name)
    this.channels.delete(channel.name)
    channel.close()
  }
}
