import type { Position, Since } from '@org/realtime-protocol'
import type { Broker, PublishOutcome, Recovery, StoredPublication } from '../../src/index.js'
import { Gate } from './gate.js'

/**
 * A log of one epoch at a time that a test writes to, behind gates that the test opens. Readings are judged when they
 * are asked for, and answered when the gate lets them through.
 */
export class ScriptedBroker implements Broker {
  readonly subscribing = new Gate()
  readonly reading = new Gate()
  /** The `since` of every reading. */
  readonly reads: Array<Since | undefined> = []
  subscribed = 0
  unsubscribed = 0
  epoch = 'E1'
  /** How many of the next calls fail. */
  failures = 0

  private log: StoredPublication[] = []
  private ends = new Map<string, number>()
  private first = 1

  /** Stores so many messages; the last one is given back, to be delivered or not. */
  append(count = 1): StoredPublication {
    for (let i = 0; i < count; i++) {
      const offset = this.log.length + 1
      this.log.push({
        offset,
        id: `${this.epoch}-${offset}`,
        at: 1,
        payload: JSON.stringify(`${this.epoch}-${offset}`),
      })
    }
    return this.at(this.log.length)
  }

  at(offset: number): StoredPublication {
    const publication = this.log[offset - 1]
    if (!publication) throw new Error(`there is no message ${offset}`)
    return publication
  }

  /** Another epoch takes over, after the message with this offset. */
  rotate(epoch: string, end = this.log.length): void {
    this.ends.set(this.epoch, end)
    this.epoch = epoch
    this.log = this.log.slice(0, end)
  }

  /** Drops everything before an offset. */
  trim(first: number): void {
    this.first = first
  }

  async subscribe(): Promise<void> {
    await this.subscribing.after(() => this.attempt(undefined))
    this.subscribed += 1
  }

  unsubscribe(): Promise<void> {
    this.unsubscribed += 1
    return Promise.resolve()
  }

  publish(): Promise<PublishOutcome> {
    return Promise.reject(new Error('a scripted broker is written to by the script'))
  }

  relay(): Promise<void> {
    return Promise.resolve()
  }

  recover(_channel: string, since: Since | undefined, limit: number): Promise<Recovery> {
    this.reads.push(since)
    return this.reading.after(() => this.attempt(this.judge(since, limit)))
  }

  history(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  private attempt<T>(value: T): Promise<T> {
    if (this.failures === 0) return Promise.resolve(value)
    this.failures -= 1
    return Promise.reject(new Error('the broker is down'))
  }

  private judge(since: Since | undefined, limit: number): Recovery {
    const top = this.log.length
    const head = { epoch: top > 0 ? this.epoch : '', offset: top }
    const asked: Position =
      since === undefined
        ? head
        : since === 'start'
          ? { epoch: head.epoch, offset: this.first - 1 }
          : 'epoch' in since
            ? since
            : { epoch: head.epoch, offset: Math.max(this.first - 1, top - since.last) }
    const end = asked.epoch === head.epoch || asked.epoch === '' ? top : (this.ends.get(asked.epoch) ?? 0)
    const rebase =
      asked.epoch === head.epoch || asked.epoch === '' ? undefined : { from: asked.epoch, end, to: head.epoch }
    if (asked.offset > end) {
      const gap = { reason: 'rollback', from: end + 1, to: asked.offset } as const
      return this.page({ epoch: head.epoch, offset: end }, head, limit, gap, rebase)
    }
    if (asked.offset + 1 < this.first) {
      const gap = { reason: 'trimmed', from: asked.offset + 1, to: this.first - 1 } as const
      return this.page({ epoch: head.epoch, offset: this.first - 1 }, head, limit, gap, rebase)
    }
    return this.page({ epoch: head.epoch, offset: asked.offset }, head, limit, undefined, rebase)
  }

  private page(
    position: Position,
    head: Position,
    limit: number,
    gap: Recovery['gap'],
    rebase: Recovery['rebase'],
  ): Recovery {
    return { position, head, gap, rebase, publications: this.log.slice(position.offset, position.offset + limit) }
  }
}
