import {
  NULL_POSITION,
  type Gap,
  type HistoryFrame,
  type Mode,
  type Position,
  type Publication,
  type PublishFrame,
  type Rebase,
  type Since,
} from '@org/realtime-protocol'

/** A message that is about to be stored. */
export type Draft = Pick<Publication, 'id' | 'data' | 'at' | 'from' | 'meta'>

/** A message without its position's epoch, which is that of the log. */
type Stored = Draft & { readonly offset: number }

/** What a reader at a position is told. PROTOCOL.md §5.3. */
export interface Verdict {
  readonly position: Position
  readonly gap?: Gap
  readonly rebase?: Rebase
}

/** What became of a publish that has a number. */
export type Outcome = { readonly id: string; readonly position: Position } | { readonly expected: number }

interface Producer {
  next: number
  readonly outcomes: Map<number, { readonly id: string; readonly offset: number }>
}

/** The log of one channel, by the rules of PROTOCOL.md §5. */
export class FakeLog {
  private epoch = ''
  private head = 0
  private oldest = 1
  private kept: Stored[] = []
  private readonly lineage = new Map<string, number>()
  private readonly producers = new Map<string, Producer>()
  private readonly keys = new Map<string, { readonly id: string; readonly offset: number }>()

  constructor(
    /** The name on the wire. */
    readonly channel: string,
    readonly mode: Exclude<Mode, 'log'> | undefined,
    private readonly newEpoch: () => string,
  ) {}

  /** Where it ends. */
  get position(): Position {
    return this.at(this.head)
  }

  /** Stores a message; one that is only relayed has no position. */
  append(draft: Draft): Publication {
    if (this.mode === 'ephemeral') return { channel: this.channel, ...draft, ...NULL_POSITION }
    this.epoch ||= this.newEpoch()
    const stored = { ...draft, offset: ++this.head }
    if (this.mode === 'latest') {
      this.kept = []
      this.oldest = this.head
    }
    this.kept.push(stored)
    return this.shown(stored)
  }

  /**
   * Stores what a client publishes, once. PROTOCOL.md §3.4.
   *
   * @param add Stores it.
   */
  once(producer: string, { seq, lowest = seq, key }: PublishFrame, add: () => Publication): Outcome {
    const known = key === undefined ? undefined : this.keys.get(key)
    if (seq === undefined || lowest === undefined) return this.remember(key, known ?? add())
    let record = this.producers.get(producer)
    if (!record) this.producers.set(producer, (record = { next: lowest, outcomes: new Map() }))
    record.next = Math.max(record.next, lowest)
    const before = record.outcomes.get(seq)
    if (before) return { id: before.id, position: this.at(before.offset) }
    if (seq !== record.next) return { expected: record.next }
    const outcome = known ?? add()
    record.next += 1
    record.outcomes.set(seq, outcome)
    return this.remember(key, outcome)
  }

  /** Where a reader goes on, and what it has missed. */
  judge(since: Since | undefined): Verdict {
    if (this.mode === 'ephemeral') return { position: NULL_POSITION }
    if (this.mode === 'latest') {
      const has =
        typeof since === 'object' && 'epoch' in since && since.epoch === this.epoch && since.offset === this.head
      return { position: this.at(has ? this.head : this.oldest - 1) }
    }
    if (since === undefined) return { position: this.position }
    if (since === 'start') return { position: this.at(this.oldest - 1) }
    if (!('epoch' in since)) return { position: this.at(Math.max(this.oldest - 1, this.head - since.last)) }
    const { epoch, offset } = since
    const isCurrent = epoch === this.epoch || (!epoch && !offset)
    const end = isCurrent ? this.head : this.lineage.get(epoch)
    if (end === undefined) {
      return {
        position: this.at(this.oldest - 1),
        gap: { reason: 'epoch', from: offset, to: this.oldest },
        rebase: { from: epoch, end: 0, to: this.epoch },
      }
    }
    const rebase = isCurrent && offset <= end ? {} : { rebase: { from: epoch, end, to: this.epoch } }
    if (offset > end)
      return { position: this.at(end), gap: { reason: 'rollback', from: end + 1, to: offset }, ...rebase }
    if (offset + 1 < this.oldest) {
      const gap = { reason: 'trimmed', from: offset + 1, to: this.oldest - 1 } as const
      return { position: this.at(this.oldest - 1), gap, ...rebase }
    }
    return { position: this.at(offset), ...rebase }
  }

  /** The messages after a position of the current epoch. */
  after({ offset }: Position): Publication[] {
    return this.kept.filter((stored) => stored.offset > offset).map((stored) => this.shown(stored))
  }

  /** A page, or nothing when the position is not part of what is kept. PROTOCOL.md §3.5. */
  history({ after, before, limit }: Pick<HistoryFrame, 'after' | 'before' | 'limit'>) {
    const named = after ?? before
    const offset = named && this.offsetOf(named)
    if (named && offset === undefined) return undefined
    if (after && offset && offset + 1 < this.oldest) return undefined
    const part = this.kept.filter((stored) =>
      after ? stored.offset > (offset ?? 0) : stored.offset < (offset ?? Number.POSITIVE_INFINITY),
    )
    const page = after ? part.slice(0, limit) : part.slice(Math.max(0, part.length - limit))
    const publications = page.map((stored) => this.shown(stored))
    return { position: this.position, publications, more: part.length > page.length }
  }

  /** Forgets the messages, not the positions. */
  trim(): void {
    this.kept = []
    this.oldest = this.head + 1
  }

  /** So many messages pass that nobody gets to see. */
  skip(count: number): void {
    this.epoch ||= this.newEpoch()
    this.head += count
    this.trim()
  }

  /** Another copy takes over that lacks the last so many messages. */
  rollBack(count: number): void {
    const end = Math.max(this.oldest - 1, this.head - count)
    for (const [epoch, old] of this.lineage) this.lineage.set(epoch, Math.min(old, end))
    this.lineage.set(this.epoch, end)
    this.kept = this.kept.filter(({ offset }) => offset <= end)
    this.head = end
    this.epoch = this.newEpoch()
  }

  /** The log is lost, and another one begins. */
  reset(): void {
    this.lineage.clear()
    this.kept = []
    this.head = 0
    this.oldest = 1
    this.epoch = this.newEpoch()
  }

  private remember(key: string | undefined, { id, offset }: { readonly id: string; readonly offset: number }): Outcome {
    if (key !== undefined) this.keys.set(key, { id, offset })
    return { id, position: this.at(offset) }
  }

  private offsetOf(position: Position): number | undefined {
    const { offset } = position
    if (!position.epoch && !offset) return 0
    const end = position.epoch === this.epoch ? this.head : this.lineage.get(position.epoch)
    return end === undefined || offset > end ? undefined : offset
  }

  private at(offset: number): Position {
    return this.epoch ? { epoch: this.epoch, offset } : NULL_POSITION
  }

  private shown({ offset, ...draft }: Stored): Publication {
    return { channel: this.channel, ...draft, epoch: this.epoch, offset }
  }
}
