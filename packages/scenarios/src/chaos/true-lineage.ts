import type { EndedEpoch, HistoryEvent, LogDump, Rebased } from '../history/index.js'

/** The ids that an epoch was seen to hold, by offset. */
type Seen = Map<number, string>

/**
 * The true lineage of one channel, found by comparing contents: two epochs are one history up to the offset before the
 * first at which they hold different ids. It knows nothing of how the engine names epochs but that the part before the
 * first dot is the log's own.
 */
export class TrueLineage {
  private readonly epochs = new Map<string, Seen>()
  private readonly final: Seen
  /** Epochs in which a publish of each id was acknowledged. */
  private readonly acknowledged = new Map<string, Set<string>>()
  /** Offsets behind which subscribers were told that what follows was undone. */
  private readonly forks = new Set<number>()

  /** @param history all events of one channel; the log that is `dump` is what they are compared with. */
  constructor(
    history: readonly HistoryEvent[],
    private readonly dump: LogDump,
  ) {
    this.final = new Map(dump.entries.map(({ offset, id }) => [offset, id]))
    for (const event of history) {
      if (event.type === 'gap' && event.reason === 'rollback') this.forks.add(event.position.offset)
      if (event.type !== 'pub.ok' && event.type !== 'deliver') continue
      const { epoch, offset } = event.position
      let seen = this.epochs.get(epoch)
      if (!seen) this.epochs.set(epoch, (seen = new Map<number, string>()))
      // The first to say so; who says otherwise is judged by the checker.
      if (!seen.has(offset)) seen.set(offset, event.id)
      if (event.type !== 'pub.ok') continue
      const epochs = this.acknowledged.get(event.id)
      if (epochs) epochs.add(epoch)
      else this.acknowledged.set(event.id, new Set([epoch]))
    }
  }

  /** The epochs that the final one continues, and how far. */
  ended(): readonly EndedEpoch[] {
    const { epoch: last, head } = this.dump
    return [...this.epochs].flatMap(([epoch, seen]) => {
      if (epoch === last || logOf(epoch) !== logOf(last)) return []
      const end = Math.min(this.common(epoch, seen, [this.final]), head.offset)
      return end > 0 ? [{ epoch, end }] : []
    })
  }

  /** Last offset of an epoch that is also part of another one. */
  endOf({ from, to }: Pick<Rebased, 'from' | 'to'>): number {
    if (logOf(from) !== logOf(to)) return 0
    const lines = [this.epochs.get(to) ?? new Map<number, string>()]
    // What the final log holds, the epochs that live on in it hold, up to where they agree with it.
    if (to === this.dump.epoch || this.ended().some(({ epoch }) => epoch === to)) lines.push(this.final)
    return this.common(from, this.epochs.get(from) ?? new Map<number, string>(), lines)
  }

  /**
   * The last offset of an epoch before the first that a line has with another id. A publish that was under way at a fork
   * is sent again, and can get in the new epoch the offset that it had in the old one: then contents do not show where
   * the fork was. There a fork that subscribers were told is believed, if nobody was told in the old epoch that what lies
   * behind it was stored.
   */
  private common(epoch: string, seen: Seen, lines: readonly Seen[]): number {
    const end = common(seen, lines)
    const isUnsure = (offset: number): boolean => {
      const id = seen.get(offset)
      return id === undefined || !this.acknowledged.get(id)?.has(epoch)
    }
    let fork = end
    while (fork > 0 && isUnsure(fork)) {
      fork -= 1
      if (this.forks.has(fork)) return fork
    }
    return end
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
