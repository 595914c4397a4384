import type { Limits, WireError } from '@org/realtime-protocol'
import type { Clock, HeldSession, Kept, Logger, SessionStore } from '../ports/index.js'
import { attributesOf, changed, refusal, type Attributes } from './attributes.js'
import { operationNumber } from './operation-number.js'
import { wireError } from './wire-errors.js'

/** What writing needs of a node. */
export interface KeptHouse {
  readonly sessions: SessionStore
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: Pick<Limits, 'attributesBytes' | 'channels'>
}

/**
 * What the server keeps with a session: its attributes, and the channels it subscribed it to. They belong to the
 * session, not to a link, and are written whenever they change, one write after the other, so that a resume anywhere
 * finds them.
 */
export class KeptState implements Kept {
  /** Number of the latest write, on its way or done; 0 before the first. */
  number = 0
  private readonly channels: Set<string>
  /** The attributes, but for the changes that are being written, which follow. */
  private settled: Attributes
  private readonly changes: Attributes[] = []
  /** What the record holds; nothing when a write may or may not have been done. */
  private written: string | undefined
  /** Channels that are to be kept, and are not written yet. */
  private readonly asked = new Set<{ readonly channel: string; isTakenBack: boolean }>()
  /** Counts how often the store may have lost what was written. */
  private doubts = 0
  private tail: Promise<unknown> = Promise.resolve()

  constructor({ subscriptions = [], attributes }: Kept = {}) {
    this.channels = new Set(subscriptions)
    this.settled = attributesOf(attributes)
    this.written = JSON.stringify({ subscriptions, attributes: this.attributes })
  }

  /** Names of the channels. */
  get subscriptions(): string[] {
    return [...this.channels]
  }

  /** The attributes as JSON text, if there are any. */
  get attributes(): string | undefined {
    const { values } = this
    return Object.keys(values).length > 0 ? JSON.stringify(values) : undefined
  }

  /** The attributes. */
  get values(): Attributes {
    return this.changes.length > 0 ? changed(this.settled, ...this.changes) : this.settled
  }

  /** Whether a channel is one of those kept. */
  has(channel: string): boolean {
    return this.channels.has(channel)
  }

  /** Keeps one more channel, or says why it could not be written: then it is not kept. */
  add(channel: string, session: HeldSession, house: KeptHouse): Promise<WireError | undefined> {
    const asked = { channel, isTakenBack: false }
    this.asked.add(asked)
    // In one turn: what another one finds is what the record holds, whether or not this one could be written.
    return this.inTurn(async () => {
      const error = asked.isTakenBack ? undefined : await this.put(channel, session, house)
      this.asked.delete(asked)
      if (!error && !asked.isTakenBack) this.channels.add(channel)
      return error
    })
  }

  /** Keeps a channel no longer: from now on, and in the record as soon as that can be written. */
  remove(channel: string, session: HeldSession, house: KeptHouse): Promise<WireError | undefined> {
    this.channels.delete(channel)
    for (const asked of this.asked) asked.isTakenBack ||= asked.channel === channel
    return this.write(session, house)
  }

  /** Changes attributes, or says why it could not be written: then they are as before. */
  async set(changes: Attributes, session: HeldSession, house: KeptHouse): Promise<WireError | undefined> {
    const refused = refusal(changed(this.values, changes), house.limits)
    if (refused) return refused
    this.changes.push(changes)
    const error = await this.write(session, house)
    // Writes are done in order, so this is the oldest change.
    this.changes.shift()
    if (!error) this.settled = changed(this.settled, changes)
    return error
  }

  /** The store may have lost what was written: it is written again with the next `write`. */
  doubt(): void {
    this.doubts += 1
    this.written = undefined
  }

  /** Whether the record may hold something else. */
  get isUnsure(): boolean {
    return this.written === undefined
  }

  /** Writes what the record may not hold. */
  write(session: HeldSession, house: KeptHouse): Promise<WireError | undefined> {
    return this.inTurn(() => this.record(this, session, house))
  }

  private async put(channel: string, session: HeldSession, house: KeptHouse): Promise<WireError | undefined> {
    const channels = new Set(this.channels).add(channel)
    if (channels.size > house.limits.channels) return wireError('LIMIT_EXCEEDED')
    return this.record({ subscriptions: [...channels], attributes: this.attributes }, session, house)
  }

  private async record(
    { subscriptions, attributes }: Kept,
    { id, owner }: HeldSession,
    { sessions, clock, logger }: KeptHouse,
  ): Promise<WireError | undefined> {
    const kept = { subscriptions, attributes }
    const text = JSON.stringify(kept)
    if (this.written === text) return undefined
    this.written = undefined
    this.number = operationNumber(this.number, clock.date())
    const { doubts, number } = this
    try {
      if (!(await sessions.keep({ id, owner, number }, kept))) return wireError('SUPERSEDED')
      // Not, when the store has lost things while the answer was on its way.
      if (this.doubts === doubts) this.written = text
      return undefined
    } catch (error) {
      logger.error('session store failed', { operation: 'keep', error })
      return wireError('UNAVAILABLE', { message: 'the session store cannot be reached' })
    }
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.tail.then(work)
    this.tail = done
    return done
  }
}
