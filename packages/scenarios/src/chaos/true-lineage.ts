import type { EndedEpoch, HistoryEvent, Position, Rebased } from '../history/index.js'
import type { Dump } from './protocol.js'

/** The ids that an epoch was seen to hold, by offset. */
type Seen = Map<number, string>

/** Where two histories of a log went apart, as those know who had one of them take over. */
export interface Fork {
  /** The last epoch of the one that was undone: only this one goes beyond the fork there, and in no other history it does. */
  readonly epoch: string
  /** The last offset that both have. */
  readonly offset: number
}

/**
 * The true lineage of one channel, found by comparing contents: two epochs are one history up to the offset before the
 * first at which they hold different ids, and not beyond a fork. It knows nothing of how the engine names epochs but that
 * the part before the first dot is the log's own.
 */
export class TrueLineage {
  private readonly epochs = new Map<string, Seen>()
  private readonly last: Seen

  /**
   * @param history all events of one channel.
   * @param dump what the others are compared with: the log at the end, or one that was undone.
   * @param forks where histories went apart. Contents alone do not always show it: a publish that was under way is sent again, and
   * can get in the one history the offset that it had in the other.
   */
  constructor(
    history: readonly HistoryEvent[],
    private readonly dump: Dump,
    private readonly forks: readonly Fork[] = [],
  ) {
    this.last = new Map(dump.entries.map(({ offset, id }) => [offset, id]))
    for (const event of history) {
      if (event.type === 'pub.ok' || event.type === 'deliver') this.see(event.position, event.id)
    }
    // Whether anybody has seen it or not.
    for (const { epoch } of forks) if (!this.epochs.has(epoch)) this.epochs.set(epoch, new Map<number, string>())
  }

  /** The epochs that the last one has something in common with, and how far. */
  ended(): readonly EndedEpoch[] {
    const { epoch: last, offset: head } = this.dump.head
    return [...this.epochs].flatMap(([epoch, seen]) => {
      if (epoch === last || logOf(epoch) !== logOf(last)) return []
      const end = Math.min(this.common(epoch, seen, last, [this.last]), head)
      return end > 0 ? [{ epoch, end }] : []
    })
  }

  /** Last offset of an epoch that is also part of another one. */
  endOf({ from, to }: Pick<Rebased, 'from' | 'to'>): number {
    if (logOf(from) !== logOf(to)) return 0
    const lines = [this.epochs.get(to) ?? new Map<number, string>()]
    // What the last log holds, the epochs that live on in it hold, up to where they agree with it.
    if (to === this.dump.head.epoch || this.ended().some(({ epoch }) => epoch === to)) lines.push(this.last)
    return this.common(from, this.epochs.get(from) ?? new Map<number, string>(), to, lines)
  }

  private see({ epoch, offset }: Position, id: string): void {
    let seen = this.epochs.get(epoch)
    if (!seen) this.epochs.set(epoch, (seen = new Map<number, string>()))
    // The first to say so; who says otherwise is judged by the checker.
    if (!seen.has(offset)) seen.set(offset, id)
  }

  private common(epoch: string, seen: Seen, to: string, lines: readonly Seen[]): number {
    const fork = Math.min(
      ...this.forks.filter((fork) => (fork.epoch === epoch) !== (fork.epoch === to)).map(({ offset }) => offset),
    )
    // Of the one that was undone it is known how far it is common, also where nobody has seen it.
    if (this.forks.some((known) => known.epoch === epoch)) return fork
    return Math.min(common(seen, lines), fork)
  }
}

/** The last offset of `seen` before the first that a line has with another id. */
function common(seen: Seen, lines: readonly Seen[]): number {
  let first = Infinity
  let last = 0
  for (const [offset, id] of seen) {
    last = Math.max(last, offset)
    if (lines.some((line) => (line.get(offset) ?? id) !== id)) first = Math.min(first, offset)
  }
  return Math.min(first - 1, last)
}

function logOf(epoch: string): string {
  return epoch.slice(0, epoch.indexOf('.'))
}
