import { judge, NULL_POSITION, type Limits, type Position, type Since } from '@org/realtime-protocol'
import type { Broker, Clock, EncodedFrame, Logger, Recovery, StoredPublication } from '../ports/index.js'
import { encoded } from './encoded-frame.js'
import { gapFrame, Page } from './page.js'
import { fill } from './recovery.js'
import { retryDelayMs } from './retry.js'
import { Ring } from './ring.js'
import type { Subscription } from './subscription.js'

/** What a channel needs of its node. */
export interface ChannelContext {
  readonly broker: Broker
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: Pick<Limits, 'recoveryPageMessages'>
  readonly instruments: { slow: number }
}

interface Arrival {
  readonly epoch: string
  readonly publication: StoredPublication
}

/** Publications kept while the position is being verified. More are dropped: the log has them. */
const MAX_HELD = 1_000

/**
 * One channel on one node: verifies what the broker delivers once for all local subscribers, and broadcasts it,
 * encoded once.
 *
 * `opening` until the broker is subscribed and the position known; `live` while publications join on; `syncing` while
 * one did not, or the broker asked for it, and the log is read to find out how they join. While not live, publications
 * are held.
 */
export class Channel {
  /** Position of the latest publication on this node. */
  position: Position = NULL_POSITION
  /** The latest publications. */
  readonly ring: Ring
  /** How many subscriptions there are, live or behind. */
  members = 0

  private phase: 'opening' | 'live' | 'syncing' = 'opening'
  private closed = false
  private held: Arrival[] = []
  /** Whether the running verification has to be followed by another one. */
  private again = false
  private readonly live = new Set<Subscription>()
  private readonly waiting = new Set<Subscription>()
  private readonly reads = new Map<string, Promise<Page>>()

  constructor(
    readonly name: string,
    private readonly context: ChannelContext,
  ) {
    this.ring = new Ring(name)
    this.start(this.open())
  }

  /** Whether the position is verified and publications join on to it. */
  get isLive(): boolean {
    return this.phase === 'live'
  }

  /** Takes a publication from the broker. */
  deliver(epoch: string, publication: StoredPublication): void {
    if (this.phase !== 'live') return this.hold({ epoch, publication })
    const verdict = judge(this.position, { epoch, offset: publication.offset })
    if (verdict === 'deliver') return this.advance(epoch, publication)
    if (verdict === 'drop') return
    this.hold({ epoch, publication })
    this.suspect()
  }

  /** Has the position verified against the log. */
  suspect(): void {
    if (this.phase !== 'live') {
      this.again = true
      return
    }
    this.phase = 'syncing'
    this.start(this.synchronize(this.position))
  }

  /** Lets a subscription that has caught up take part in broadcasts. */
  goLive(subscription: Subscription): void {
    subscription.live = true
    subscription.slow = false
    this.live.add(subscription)
  }

  /** Has a subscription filled again when this channel has moved or is live again. */
  wait(subscription: Subscription): void {
    this.waiting.add(subscription)
  }

  /** Ends a subscription. */
  leave(subscription: Subscription): void {
    if (subscription.ended) return
    subscription.ended = true
    this.live.delete(subscription)
    this.waiting.delete(subscription)
    this.members -= 1
  }

  /** Reads on from a position. Subscribers that ask for the same at the same time share one reading. */
  read(since: Since | undefined): Promise<Page> {
    const key = JSON.stringify(since ?? null)
    const running = this.reads.get(key)
    if (running) return running
    const read = this.recover(since)
      .then((recovery) => new Page(this.name, recovery))
      .finally(() => this.reads.delete(key))
    this.reads.set(key, read)
    return read
  }

  /** Lets go of the broker; the channel is not used afterwards. */
  close(): void {
    this.closed = true
    this.context.broker.unsubscribe(this.name).catch((error: unknown) => this.report('unsubscribe', error))
  }

  private async open(): Promise<void> {
    await this.retrying(() => this.context.broker.subscribe(this.name))
    await this.synchronize(undefined)
  }

  /** Finds out how the position joins the log, tells subscribers, and goes live. */
  private async synchronize(from: Position | undefined): Promise<void> {
    let since = from
    do {
      this.again = false
      // What is held by now was published before this reading: what the reading does not join is history undone.
      const older = this.held.length
      const page = await this.recover(since)
      if (this.closed) return
      this.apply(page)
      this.join(older)
      since = this.position
      if (this.position.epoch === page.head.epoch && this.position.offset < page.head.offset) this.again = true
    } while (this.again || this.held.length > 0)
    this.phase = 'live'
    this.wake()
  }

  private apply(recovery: Recovery): void {
    const { gap, rebase, position } = recovery
    if (gap) {
      this.context.logger.warn('gap', { channel: this.name, ...gap })
      this.ring.clear()
      this.tell(gapFrame(this.name, gap, position, rebase))
    } else if (rebase) {
      this.context.logger.info('rebase', { channel: this.name, ...rebase })
      this.tell(encoded({ type: 'rebase', channel: this.name, ...rebase }))
    }
    this.position = position
    for (const publication of recovery.publications) this.advance(recovery.head.epoch, publication)
  }

  private join(older: number): void {
    const held = this.held
    this.held = []
    for (const [i, arrival] of held.entries()) {
      const verdict = judge(this.position, { epoch: arrival.epoch, offset: arrival.publication.offset })
      if (verdict === 'deliver') this.advance(arrival.epoch, arrival.publication)
      else if (verdict === 'hold' && i >= older) this.held.push(arrival)
    }
  }

  private hold(arrival: Arrival): void {
    if (this.held.length >= MAX_HELD) {
      this.held = []
      this.again = true
    }
    this.held.push(arrival)
  }

  private advance(epoch: string, publication: StoredPublication): void {
    const before: Position = { epoch, offset: publication.offset - 1 }
    const frame = this.ring.push(epoch, publication)
    this.position = { epoch, offset: publication.offset }
    for (const subscription of this.live) {
      if (!subscription.link.offer(frame)) this.fallBehind(subscription, before)
    }
    if (this.phase === 'live') this.wake()
  }

  private fallBehind(subscription: Subscription, position: Position): void {
    this.live.delete(subscription)
    subscription.live = false
    subscription.slow = true
    this.context.instruments.slow += 1
    subscription.position = position
  }

  private tell(frame: EncodedFrame): void {
    for (const subscription of this.live) subscription.link.send(frame)
  }

  private wake(): void {
    if (this.waiting.size === 0) return
    const waiting = [...this.waiting]
    this.waiting.clear()
    for (const subscription of waiting) fill(subscription)
  }

  private recover(since: Since | undefined): Promise<Recovery> {
    const { broker, limits } = this.context
    return this.retrying(() => broker.recover(this.name, since, limits.recoveryPageMessages))
  }

  /** Tries until it succeeds: subscribers wait, and nothing is lost, until the broker is back. */
  private async retrying<T>(attempt: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        return await attempt()
      } catch (error) {
        if (this.closed) throw error
        this.report('read', error)
        await new Promise<void>((resolve) => {
          this.context.clock.setTimer(resolve, retryDelayMs(failures))
        })
        // A try after `unsubscribe` would leave a subscription behind that nobody ends.
        if (this.closed) throw error
      }
    }
  }

  /** Runs work that ends with an error only when the channel was closed under it. */
  private start(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!this.closed) this.report('verify', error)
    })
  }

  private report(operation: string, error: unknown): void {
    this.context.logger.error('broker failed', { channel: this.name, operation, error })
  }
}
