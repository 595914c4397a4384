import type { Gap, Position, PublicationFrame, Rebase, ServerFrame, SubscribedFrame } from '@org/realtime-protocol'

/** One publication, wherever it is stored. */
export interface Stored {
  readonly offset: number
  readonly id: string
}

interface Verdict {
  readonly position: Position
  readonly gap?: Gap
  readonly rebase?: Rebase
}

/** A log that answers as PROTOCOL.md §5.4 says, for clients to be held against. */
export class ModelLog {
  /** Every publication of the current history, trimmed ones included. */
  truth: Stored[] = []
  epoch = 'e0'
  oldest = 1
  private readonly lineage = new Map<string, number>()
  private count = 0

  get head(): number {
    return this.truth.length
  }

  publish(): PublicationFrame {
    const stored = { offset: this.head + 1, id: `m${++this.count}` }
    this.truth.push(stored)
    return this.frame(stored)
  }

  trim(count: number): void {
    this.oldest = Math.min(this.head + 1, this.oldest + count)
  }

  /** Another copy takes over that lacks the last so many publications. */
  failOver(lost: number): void {
    const end = Math.max(this.oldest - 1, this.head - lost)
    for (const [epoch, old] of this.lineage) this.lineage.set(epoch, Math.min(old, end))
    this.lineage.set(this.epoch, end)
    this.truth = this.truth.slice(0, end)
    this.epoch = `e${++this.count}`
  }

  /** The log is lost, and another one begins. */
  reset(): void {
    this.lineage.clear()
    this.truth = []
    this.oldest = 1
    this.epoch = `e${++this.count}`
    this.publish()
  }

  /** What a subscriber that is at a position is told. */
  judge({ epoch, offset }: Position): Verdict {
    const at = (offset: number): Position => ({ epoch: this.epoch, offset })
    const end = epoch === this.epoch ? this.head : this.lineage.get(epoch)
    if (end === undefined) {
      return {
        position: at(this.oldest - 1),
        gap: { reason: 'epoch', from: offset, to: this.oldest },
        rebase: { from: epoch, end: 0, to: this.epoch },
      }
    }
    const rebase = epoch === this.epoch && offset <= end ? {} : { rebase: { from: epoch, end, to: this.epoch } }
    if (offset > end) return { position: at(end), gap: { reason: 'rollback', from: end + 1, to: offset }, ...rebase }
    if (offset + 1 < this.oldest) {
      return {
        position: at(this.oldest - 1),
        gap: { reason: 'trimmed', from: offset + 1, to: this.oldest - 1 },
        ...rebase,
      }
    }
    return { position: at(offset), ...rebase }
  }

  /** The publications after a position, as frames. */
  after({ offset }: Position): PublicationFrame[] {
    return this.truth.slice(offset).map((stored) => this.frame(stored))
  }

  subscribed(generation: number, since: Position): readonly ServerFrame[] {
    const { position, ...why } = this.judge(since)
    const answer: SubscribedFrame = {
      type: 'subscribed',
      channel: 'room',
      generation,
      position,
      head: this.head,
      ...why,
    }
    return [answer, ...this.rest(position)]
  }

  /** What a running subscription is told of a change of epoch. */
  changed(last: Position): readonly ServerFrame[] {
    const { position, gap, rebase } = this.judge(last)
    if (gap)
      return [{ type: 'gap', channel: 'room', ...gap, position, ...(rebase && { rebase }) }, ...this.rest(position)]
    return [...(rebase ? [{ type: 'rebase', channel: 'room', ...rebase } as const] : []), ...this.rest(position)]
  }

  /** A second gap, when what follows a rollback was trimmed, and then the publications. */
  private rest(position: Position): ServerFrame[] {
    const { position: then, gap } = this.judge(position)
    return [...(gap ? [{ type: 'gap', channel: 'room', ...gap, position: then } as const] : []), ...this.after(then)]
  }

  private frame({ offset, id }: Stored): PublicationFrame {
    return { type: 'publication', channel: 'room', epoch: this.epoch, offset, id, at: 0, data: id }
  }
}
