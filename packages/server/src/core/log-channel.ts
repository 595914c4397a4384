import { judge, NULL_POSITION, type DeliveryVerdict, type Position, type Since } from '@org/realtime-protocol'
import type { Recovery, StoredPublication } from '../ports/index.js'
import { isPosition } from './lineage.js'
import { wireName } from './resolved-channel.js'
import { Audience } from './audience.js'
import type { Channel, ChannelContext } from './channel.js'
import { encoded } from './encoded-frame.js'
import { gapFrame, Page } from './page.js'
import { PatientBroker } from './patient-broker.js'
import { begin, fill } from './recovery.js'
import { Ring } from './ring.js'
import type { Subscription } from './subscription.js'
import { Verification, type Follower } from './verification.js'

/** What was read for whoever asked so. */
interface Reading {
  readonly key: string
  readonly page: Page
}

/**
 * A `log` channel on one node: every message in order and once, or a gap is told. It verifies what the broker delivers
 * once for all local subscribers, and broadcasts it, encoded once.
 */
export class LogChannel implements Channel, Follower {
  /** Position of the latest publication on this node. */
  position: Position = NULL_POSITION
  /** What its subscribers call it. */
  readonly wireName: string
  /** The latest publications. */
  readonly ring: Ring
  readonly audience: Audience

  private readonly broker: PatientBroker
  private readonly verification: Verification
  private readonly reads = new Map<string, Promise<Page>>()
  /** What was read while the channel was not live: of several readings the one that begins first. */
  private early: Reading | undefined

  constructor(
    readonly name: string,
    private readonly context: ChannelContext,
  ) {
    this.wireName = wireName(name)
    this.audience = new Audience(context)
    this.ring = new Ring(this.wireName)
    this.broker = new PatientBroker(name, context)
    this.verification = new Verification(this, this.broker)
    this.verification.begin()
  }

  /** Whether the position is verified and publications join on to it. */
  get isLive(): boolean {
    return this.verification.isLive
  }

  deliver(epoch: string, publication: StoredPublication): void {
    this.verification.deliver(epoch, publication)
    // It is held, and somebody waits for it.
    if (!this.isLive) this.broker.hasten()
  }

  suspect(): void {
    this.verification.suspect()
  }

  /** A reading for a subscriber saw the log end in an epoch that is not that of the channel. */
  foresee(head: Position): void {
    this.verification.foresee(head)
  }

  verify(head: Position): void {
    this.verification.verify(head)
  }

  start(subscription: Subscription, since: Since | undefined): Promise<void> {
    if (!this.isLive) this.broker.hasten()
    return begin(this, subscription, since)
  }

  fill(subscription: Subscription): void {
    fill(this, subscription)
  }

  close(): void {
    this.broker.close()
  }

  /** Where a new subscriber starts. While the channel is not live, those who come later share what was read for others. */
  async firstPage(since: Since | undefined): Promise<Page> {
    const { early } = this
    return early && isPosition(since) && early.key === keyOf(since) ? early.page : this.page(since)
  }

  /** Reads on from a position for subscribers. Those that ask for the same at the same time share one reading. */
  page(since: Since | undefined): Promise<Page> {
    const key = keyOf(since)
    const running = this.reads.get(key)
    if (running) return running
    const read = this.recover(since)
      .then((recovery) => this.keep(key, new Page(this.wireName, recovery)))
      .finally(() => this.reads.delete(key))
    this.reads.set(key, read)
    return read
  }

  // --- As its verification sees it ---

  judge(next: Position): DeliveryVerdict {
    return judge(this.position, next)
  }

  read(first: boolean, begins: () => void): Promise<Recovery> {
    if (first) return this.recover(undefined)
    return this.broker.verify(this.position, this.context.limits.recoveryPageMessages, begins)
  }

  apply({ gap, rebase, position, head, publications }: Recovery): void {
    if (gap) {
      this.context.logger.warn('gap', { channel: this.name, ...gap })
      this.ring.clear()
      this.audience.tell(gapFrame(this.wireName, gap, position, rebase))
    } else if (rebase) {
      this.context.logger.info('rebase', { channel: this.name, ...rebase })
      this.audience.tell(encoded({ type: 'rebase', channel: this.wireName, ...rebase }))
    }
    this.position = position
    for (const publication of publications) this.advance(head.epoch, publication)
  }

  advance(epoch: string, publication: StoredPublication): void {
    const { offset } = publication
    const frame = this.ring.push(epoch, publication)
    this.position = { epoch, offset }
    this.audience.broadcast(frame, (subscription) => {
      this.audience.fallBehind(subscription)
      subscription.position = { epoch, offset: offset - 1 }
    })
    if (this.isLive) this.wake()
  }

  verified(): void {
    const { early } = this
    this.early = undefined
    if (early) this.keep(early.key, early.page)
    this.wake()
  }

  /** What was read for one subscriber is there for the next: many ask the same when the server that they had is gone. */
  private keep(key: string, page: Page): Page {
    if (!this.isLive) this.early = earlier(this.early, { key, page })
    else if (page.recovery.head.epoch === this.position.epoch) this.ring.extend(page, this.position.offset + 1)
    return page
  }

  private wake(): void {
    this.audience.wake((subscription) => this.fill(subscription))
  }

  private recover(since: Since | undefined): Promise<Recovery> {
    return this.broker.recover(since, this.context.limits.recoveryPageMessages)
  }
}

function keyOf(since: Since | undefined): string {
  return JSON.stringify(since ?? null)
}

/** The one of two readings that begins first. */
function earlier(known: Reading | undefined, reading: Reading): Reading {
  const from = ({ page }: Reading): number => page.recovery.publications[0]?.offset ?? Infinity
  return known && from(known) <= from(reading) ? known : reading
}
