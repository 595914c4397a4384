import { DEFAULT_LIMITS, utf8Bytes, type Position, type Since } from '@org/realtime-protocol'
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
  private entries: StoredPublication[] = []
  private bytes = 0
  private retention: Retention
  private writtenAt: number
  private producers: Buckets<ProducerRecord>
  private keys: Buckets<Stored>

  constructor(retention: Retention, { id, incarnation, date, now }: Moment) {
    this.epochLog = id().slice(0, EPOCH_CHARACTERS)
    this.generation = id().slice(0, GENERATION_CHARACTERS)
    this.incarnation = incarnation
    this.retention = retention
    this.writtenAt = date
    this.producers = new Buckets(DEFAULT_LIMITS.dedupeMs, now)
    this.keys = new Buckets(DEFAULT_LIMITS.dedupeMs, now)
  }

  /** Whether nothing was published for so long that the channel may be forgotten. */
  isExpired(date: number): boolean {
    return date - this.writtenAt >= this.retention.ttlMs
  }

  /** Appends a message, unless it repeats one or comes out of order. What was appended goes to `deliver` last. */
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
      take(repeated)
      return this.stored(repeated, request.epoch)
    }
    if (verdict?.kind === 'out-of-order') return verdict

    this.rotate(moment)
    const publication = this.append(request, moment.date)
    const stored = { offset: publication.offset, id: publication.id }
    take(stored)
    if (key !== undefined) this.keys.set(key, stored, moment.now)
    this.retention = request.retention
    this.writtenAt = moment.date
    this.trim(moment.date)
    deliver({ epoch: this.epoch, publication })
    return this.stored(stored, request.epoch)
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
    copy.entries = [...this.entries]
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
    this.entries.push(publication)
    this.top = publication.offset
    this.bytes += utf8Bytes(payload)
    return publication
  }

  private trim(date: number): void {
    const { messages, bytes } = this.retention
    const aged = this.aged(date)
    let drop = 0
    while (drop < this.entries.length && (drop < aged || this.entries.length - drop > messages || this.bytes > bytes)) {
      this.bytes -= utf8Bytes(this.entries[drop]?.payload ?? '')
      drop += 1
    }
    if (drop > 0) this.entries.splice(0, drop)
  }

  /** How many of the oldest entries are too old by now. */
  private aged(date: number): number {
    let aged = 0
    for (const { at } of this.entries) {
      if (date - at < this.retention.ageMs) break
      aged += 1
    }
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
