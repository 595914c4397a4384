import { judge, NULL_POSITION, type DeliveryVerdict, type Position, type Since } from '@org/realtime-protocol'
import type { EncodedFrame, Recovery, StoredPublication } from '../ports/index.js'
import { wireName } from './resolved-channel.js'
import { Audience } from './audience.js'
import type { Channel, ChannelContext } from './channel.js'
import { encoded, encodedPublication } from './encoded-frame.js'
import { isPosition } from './lineage.js'
import { PatientBroker } from './patient-broker.js'
import type { Subscription } from './subscription.js'
import { Verification, type Follower } from './verification.js'

/**
 * A `latest` channel on one node: holds the newest value, encoded once. Whoever subscribes gets it, and whoever is slow
 * gets only what is the newest when the link has room again, so nobody is ever told of a gap. PROTOCOL.md §5.5.
 */
export class LatestChannel implements Channel, Follower {
  /** Position of the newest value. */
  position: Position = NULL_POSITION
  readonly audience: Audience

  private newest: EncodedFrame | undefined
  private readonly wireName: string
  private readonly broker: PatientBroker
  private readonly verification: Verification
  /** Who subscribed before the newest value was known, with what they have. */
  private readonly early = new Map<Subscription, { readonly since: Since | undefined; readonly done: () => void }>()

  constructor(
    readonly name: string,
    context: ChannelContext,
  ) {
    this.wireName = wireName(name)
    this.audience = new Audience(context)
    this.broker = new PatientBroker(name, context)
    this.verification = new Verification(this, this.broker)
    this.verification.begin()
  }

  deliver(epoch: string, publication: StoredPublication): void {
    this.verification.deliver(epoch, publication)
    // It is held, and somebody waits for it.
    if (!this.verification.isLive) this.broker.hasten()
  }

  suspect(): void {
    this.verification.suspect()
  }

  verify(head: Position): void {
    this.verification.verify(head)
  }

  start(subscription: Subscription, since: Since | undefined): Promise<void> {
    // Of two histories this node may know the older one: what it would tell then is what the subscriber had before.
    if (isPosition(since) && since.epoch !== '' && since.epoch !== this.position.epoch) this.suspect()
    if (this.verification.isLive) return Promise.resolve(this.answer(subscription, since))
    this.broker.hasten()
    return new Promise((done) => this.early.set(subscription, { since, done }))
  }

  fill(subscription: Subscription): void {
    if (subscription.ended || subscription.live || this.early.has(subscription)) return
    if (this.newest && !isSame(subscription.position, this.position)) {
      // Stays behind: what is the newest when the link has drained is what it gets.
      if (!subscription.link.offer(this.newest)) return
      subscription.position = this.position
    }
    this.audience.goLive(subscription)
  }

  close(): void {
    this.broker.close()
    this.greet()
  }

  // --- As its verification sees it ---

  /** Newer in one history is newer. Which of two histories goes on, only the log knows. */
  judge(next: Position): DeliveryVerdict {
    if (next.epoch !== this.position.epoch) return judge(this.position, next)
    return next.offset > this.position.offset ? 'deliver' : 'drop'
  }

  read(first: boolean, begins: () => void): Promise<Recovery> {
    return first ? this.broker.recover({ last: 1 }, 1) : this.broker.verify({ last: 1 }, 1, begins)
  }

  apply({ head, publications }: Recovery): void {
    if (isSame(head, this.position)) return
    const newest = publications.at(-1)
    if (newest) return this.advance(head.epoch, newest)
    // The log was lost, and its value with it. Those who have it keep it until there is another one.
    this.position = head
    this.newest = undefined
  }

  advance(epoch: string, publication: StoredPublication): void {
    const before = this.position
    this.position = { epoch, offset: publication.offset }
    this.newest = encodedPublication(this.wireName, epoch, publication)
    this.audience.broadcast(this.newest, (subscription) => {
      this.audience.fallBehind(subscription)
      subscription.position = before
    })
  }

  verified(): void {
    this.greet()
  }

  private greet(): void {
    const early = [...this.early]
    this.early.clear()
    for (const [subscription, { since, done }] of early) {
      this.answer(subscription, since)
      done()
    }
  }

  private answer(subscription: Subscription, since: Since | undefined): void {
    if (subscription.ended) return
    const { epoch, offset } = this.position
    const known = isPosition(since) && isSame(since, this.position)
    const position = known || !this.newest ? this.position : { epoch, offset: offset - 1 }
    const { generation } = subscription
    subscription.link.send(
      encoded({
        type: 'subscribed',
        channel: this.wireName,
        generation,
        mode: 'latest',
        position,
        head: offset,
      }),
    )
    subscription.position = position
    this.fill(subscription)
  }
}

function isSame(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.offset === b.offset
}
