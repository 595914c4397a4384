import { NULL_POSITION } from '@org/realtime-protocol'
import type { StoredPublication } from '../ports/index.js'
import { wireName } from './resolved-channel.js'
import { Audience } from './audience.js'
import type { Channel, ChannelContext } from './channel.js'
import { encoded, encodedPublication } from './encoded-frame.js'
import { PatientBroker } from './patient-broker.js'
import type { Subscription } from './subscription.js'

/**
 * An `ephemeral` channel on one node: passes on what comes, and keeps nothing. A link that has enough to send misses
 * what comes meanwhile. PROTOCOL.md §5.5.
 */
export class EphemeralChannel implements Channel {
  readonly audience: Audience

  private readonly wireName: string
  private readonly broker: PatientBroker
  /** Settles when the broker is subscribed, or the channel is closed before. */
  private readonly opened: Promise<void>

  constructor(
    readonly name: string,
    private readonly context: ChannelContext,
  ) {
    this.wireName = wireName(name)
    this.audience = new Audience(context)
    this.broker = new PatientBroker(name, context)
    this.opened = this.broker.subscribe().catch(() => undefined)
  }

  deliver(epoch: string, publication: StoredPublication): void {
    // A stored one comes from a node that keeps this channel in another mode.
    if (epoch !== NULL_POSITION.epoch) return
    this.audience.broadcast(encodedPublication(this.wireName, epoch, publication), () => {
      this.context.instruments.dropped += 1
    })
  }

  suspect(): void {
    // There is no position to verify.
  }

  verify(): void {
    // Nor is there a log that could end anywhere.
  }

  async start(subscription: Subscription): Promise<void> {
    await this.opened
    if (subscription.ended) return
    subscription.link.send(
      encoded({
        type: 'subscribed',
        channel: this.wireName,
        generation: subscription.generation,
        mode: 'ephemeral',
        position: NULL_POSITION,
        head: 0,
      }),
    )
    this.audience.goLive(subscription)
  }

  fill(): void {
    // Live from its start to its end: there is nothing to catch up with.
  }

  close(): void {
    this.broker.close()
  }
}
