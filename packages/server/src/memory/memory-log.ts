import { DEFAULT_LIMITS, utf8Bytes, type Position, type Since } from '@org/realtime-protocol'
import { Fifo } from '../core/fifo.js'
import {
  epochOf,
  idOf,
  judgeSince,
  rebaseFrom,
  succeed,
  type EndedGeneration,
  type Generation,
  type Lineage,
} from '../core/lineage.js'
import { BackendFullError } from '../ports/index.js'
import type {
  HistoryPage,
  HistoryQuery,
  PublishOutcome,
  PublishRequest,
  Recovery,
  Retention,
  StoredPublication,
} from '../ports/index.js'
import { Buckets } from './buckets.js'
import { ProducerRecord, type Stored } from './producer-record.js'
import { keyWeight, LOG_BYTES, messageWeight, mostWeight, producerGrowth, producerWeight } from './weight.js'

/** A publication that was appended, with the epoch it was appended in. */
export interface Appended {
  readonly epoch: string
  readonly publication: StoredPublication
}

/** What a log needs to know of the world when something happens to it. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly date: number
  /** Milliseconds of a clock that never steps: a wall clock set forward must not make repeats look new. */
  readonly now: number
  /** The replication history that serves now. */
  readonly incarnation: string
  /** Makes ids for epochs. */
  readonly id: () => string
  /** Whether the log may take so many bytes more: at most `worst`, and if that is too much, what `exact` says. */
  readonly admits: (worst: number, exact: () => number) => boolean
}

const EPOCH_CHARACTERS = 10
const GENERATION_CHARACTERS = 6

/** The log of one channel, with its lineage and the records that make publishes take effect once. */
export class MemoryLog {
  private readonly epochLog: string
  private generation: Generation
  private incarnation: string
  private top = 0
  private ended: EndedGeneration[] = []
  private entries = new Fifo<StoredPublication>()
  private bytes = 0
  private messages = 0
  private retention: Retention
  private writtenAt: number
  private producers: Buckets<ProducerRecord>
  private keys: Buckets<Stored>

  constructor(retention: Retention, { id, incarnation, date, now }: Omit<Moment, 'admits'>) {
    this.epochLog = id().slice(0, EPOCH_CHARACTERS)
    this.generation = id().slice(0, GENERATION_CHARACTERS)
    this.incarnation = incarnation
    this.retention = retention
    this.writtenAt = date
    this.producers = new Buckets<ProducerRecord>(DEFAULT_LIMITS.dedupeMs, now, producerWeight)
    this.keys = new Buckets(DEFAULT_LIMITS.dedupeMs, now, keyWeight)
  }

  /** Whether nothing was published for so long that the channel may be forgotten. */
  isExpired(date: number): boolean {
    return date - this.writtenAt >= this.retention.ttlMs
  }

  /** Bytes that the log takes in memory. */
  get weight(): number {
    return LOG_BYTES + this.messages + this.producers.weight + this.keys.weight
  }

  /**
   * Appends a message, unless it repeats one or comes out of order. What was appended goes to `deliver` last.
   *
   * @throws BackendFullError when there is no room for it.
   */
  publish(request: PublishRequest, moment: Moment, deliver: (appended: Appended) => void): PublishOutcome {
    const { key, number } = request
    const record = number && (this.producers.get(number.producer, moment.now) ?? ProducerRecord.empty())
    const verdict = number && record?.judge(number)
    if (verdict?.kind === 'repeat') {
      const { stored, expected } = verdict
      return stored ? this.stored(stored, request.epoch) : { kind: 'forgotten', expected }
    }
    const take = (stored: Stored): void => {
      if (!number || verdict?.kind !== 'next') return
      record?.record(number.seq, stored)
      if (record) this.producers.set(number.producer, record, moment.now)
    }

    const repeated = key === undefined ? undefined : this.keys.get(key, moment.now)
    if (repeated) {
      // The number is new, whatever the key: it is kept, and must find room.
      if (verdict?.kind === 'next') this.admit(request, moment)
      take(repeated)
      return this.stored(repeated, request.epoch)
    }
    if (verdict?.kind === 'out-of-order') return verdict
    this.admit(request, moment)

    this.rotate(moment)
    const publication = this.append(request, moment.date)
    const stored = { offset: publication.offset, id: publication.id }
    take(stored)
    if (key !== undefined) this.keys.set(key, stored, moment.now)
    this.retention = request.retention
    this.writtenAt = moment.date
    this.trim(this.surplus(moment.date))
    deliver({ epoch: this.epoch, publication })
    return this.stored(stored, request.epoch)
  }

  /** Lets go of what may not be kept any more, which else the next publish does. */
  tidy(date: number, now: number): void {
    this.trim(this.surplus(date))
    this.producers.turn(now)
    this.keys.turn(now)
  }

  /** Judges a position and reads on from it. Changes nothing. */
  recover(since: Since | undefined, limit: number, date: number): Recovery {
    const lineage = this.lineage(date)
    const { position, gap, rebase } = judgeSince(lineage, since)
    const follows = position.offset + 1 >= lineage.first
    return {
      position,
      gap,
      rebase,
      head: { epoch: this.epoch, offset: this.top },
      publications: follows ? this.slice(position.offset + 1, limit) : [],
    }
  }

  /** Reads a part of the log; `undefined` when the position is not part of it. Changes nothing. */
  history({ after, before, limit }: HistoryQuery, date: number): HistoryPage | undefined {
    const lineage = this.lineage(date)
    const head: Position = { epoch: this.epoch, offset: this.top }
    const asked = after ?? before
    if (asked) {
      const { gap } = judgeSince(lineage, asked)
      // What was trimmed is only a loss for those who read on from it; `after` the null position means from the start.
      const harmless = asked === before || asked.epoch === ''
      if (gap && !(gap.reason === 'trimmed' && harmless)) return undefined
    }
    const start = after ? Math.max(after.offset + 1, lineage.first) : lineage.first
    const end = before ? Math.min(before.offset, lineage.top + 1) : lineage.top + 1
    const from = after ? start : Math.max(start, end - limit)
    const publications = this.slice(from, Math.min(limit, Math.max(0, end - from)))
    const more = after ? from + publications.length < end : from > start
    return { head, publications, more }
  }

  /** A copy that changes on its own. */
  copy(): MemoryLog {
    const copy = Object.assign(Object.create(MemoryLog.prototype) as MemoryLog, this)
    copy.ended = [...this.ended]
    copy.entries = new Fifo(this.entries)
    copy.producers = this.producers.copy((record) => record.copy())
    copy.keys = this.keys.copy((stored) => stored)
    return copy
  }

  /** What this log says of positions, with age judged by the date given. */
  lineage(date: number): Lineage {
    const { epochLog: log, generation, top, ended } = this
    return { log, generation, top, ended, first: top + 1 - (this.entries.length - this.aged(date)) }
  }

  private get epoch(): string {
    return epochOf({ log: this.epochLog, generation: this.generation })
  }

  /** Another replication history serves the log now: what it took over ends here, and a new generation begins. */
  private rotate({ incarnation, id }: Moment): void {
    if (this.incarnation === incarnation) return
    this.ended.push({ id: idOf(this.generation), end: this.top })
    this.ended = this.ended.slice(-DEFAULT_LIMITS.lineageGenerations)
    this.generation = succeed(id().slice(0, GENERATION_CHARACTERS), this.generation, this.top)
    this.incarnation = incarnation
  }

  private append({ id, payload, from, meta }: PublishRequest, date: number): StoredPublication {
    const publication = { offset: this.top + 1, id, at: date, payload, from, meta }
    const bytes = utf8Bytes(payload)
    this.entries.push(publication)
    this.bytes += bytes
    this.messages += messageWeight(publication, bytes)
    this.top = publication.offset
    return publication
  }

  private admit(request: PublishRequest, moment: Moment): void {
    if (!moment.admits(mostWeight(request), () => this.growth(request, moment))) throw new BackendFullError()
  }

  /** What a message would add, less what it would push out. */
  private growth(request: PublishRequest, { date, now }: Moment): number {
    const { key, number, payload, retention } = request
    const dropped = this.entries.slice(0, this.surplus(date, retention, 1, utf8Bytes(payload)))
    const record = number && this.producers.get(number.producer, now)
    const numbered = number ? producerGrowth(number.producer, record) : 0
    const keyed = key === undefined ? 0 : keyWeight(key)
    return messageWeight(request) + numbered + keyed - dropped.reduce((sum, entry) => sum + messageWeight(entry), 0)
  }

  /** How many of the oldest entries may not be kept, once there are so many messages and bytes more. */
  private surplus(date: number, retention = this.retention, moreMessages = 0, moreBytes = 0): number {
    const { messages, bytes } = retention
    const aged = this.aged(date, retention.ageMs)
    let drop = 0
    let held = this.bytes + moreBytes
    while (
      drop < this.entries.length &&
      (drop < aged || this.entries.length + moreMessages - drop > messages || held > bytes)
    ) {
      held -= utf8Bytes(this.entries.at(drop)?.payload ?? '')
      drop += 1
    }
    return drop
  }

  private trim(count: number): void {
    for (let i = 0; i < count; i++) {
      const entry = this.entries.shift()
      if (!entry) return
      const bytes = utf8Bytes(entry.payload)
      this.bytes -= bytes
      this.messages -= messageWeight(entry, bytes)
    }
  }

  /** How many of the oldest entries are too old by now. */
  private aged(date: number, ageMs = this.retention.ageMs): number {
    let aged = 0
    for (let oldest = this.entries.at(0); oldest && date - oldest.at >= ageMs; oldest = this.entries.at(aged)) aged += 1
    return aged
  }

  /** Entries from an offset on. */
  private slice(offset: number, count: number): StoredPublication[] {
    const start = offset - (this.top + 1 - this.entries.length)
    return this.entries.slice(start, start + count)
  }

  private stored({ offset, id }: Stored, asked: string | undefined): PublishOutcome {
    const lineage: Lineage = {
      log: this.epochLog,
      generation: this.generation,
      top: this.top,
      first: 1,
      ended: this.ended,
    }
    const rebase = asked === undefined ? undefined : rebaseFrom(lineage, asked)
    return { kind: 'stored', id, position: { epoch: this.epoch, offset }, rebase }
  }
}
