import type { LineageDump, LogDump, LogEntry } from './events.js'
import { isNull, type Position } from './position.js'

/**
 * The log of one channel at the end, and which positions of the past belong to it. Also a history of it that was given up:
 * then its end is what is meant by the end.
 *
 * A position (e, n) is a prefix of the final log iff e is its epoch and n ≤ head, or e is in its lineage with end m and
 * n ≤ m; then (e, n) names the same message as (final epoch, n), and n alone is its place. That also tells *trimmed*
 * from *lost*: a prefix position below the first kept offset was trimmed, in order, by the log's own bounds; a position
 * that is no prefix was lost by the store. The null position is the prefix of every log.
 */
export class FinalLog {
  readonly epoch: string
  readonly head: Position
  /** Offset of the first message that is kept; head + 1 if none is. */
  readonly first: number
  readonly entries: readonly LogEntry[]

  private readonly limits = new Map<string, number>()
  private readonly ids = new Map<number, string>()
  private readonly offsets = new Map<string, number>()

  constructor(
    log: Pick<LogDump, 'epoch' | 'entries' | 'head'> | undefined,
    lineage: Pick<LineageDump, 'ended'> | undefined,
  ) {
    this.epoch = log?.epoch ?? ''
    this.head = log?.head ?? { epoch: '', offset: 0 }
    this.entries = log?.entries ?? []
    this.first = this.entries[0]?.offset ?? this.head.offset + 1
    for (const { epoch, end } of lineage?.ended ?? []) this.limits.set(epoch, Math.min(end, this.head.offset))
    this.limits.set(this.epoch, this.head.offset)
    for (const { offset, id } of this.entries) {
      if (!this.ids.has(offset)) this.ids.set(offset, id)
      if (!this.offsets.has(id)) this.offsets.set(id, offset)
    }
  }

  /** Whether the position is a prefix of this log. */
  keeps(position: Position): boolean {
    return isNull(position) || position.offset <= (this.limits.get(position.epoch) ?? -1)
  }

  /** Whether the epoch is this log's own or one that it continues. */
  continues(epoch: string): boolean {
    return this.limits.has(epoch)
  }

  /** The last place that the history up to `position` has in common with this log; none if the epoch is another's. */
  common(position: Position): number | undefined {
    if (isNull(position)) return 0
    const limit = this.limits.get(position.epoch)
    return limit === undefined ? undefined : Math.min(position.offset, limit)
  }

  /** The name under which equal positions are equal: this log's epoch for its prefixes, else their own. */
  line(position: Position): string {
    return this.keeps(position) ? this.epoch : position.epoch
  }

  idAt(offset: number): string | undefined {
    return this.ids.get(offset)
  }

  offsetOf(id: string): number | undefined {
    return this.offsets.get(id)
  }
}
