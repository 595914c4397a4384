import { NULL_POSITION, type Gap, type Position, type Rebase, type Since } from '@org/realtime-protocol'

/**
 * The history of one channel. An epoch on the wire is `E.G`: E names the log since it was begun, G the replication
 * history that serves it. When another history takes over, G changes and the end of the old one is kept here: a
 * position at or below that end lies in the common prefix and stays good. DESIGN: "Lineage".
 */
export interface Lineage {
  /** E: made when the log began. */
  readonly log: string
  /** G: made when this replication history took over. */
  readonly generation: string
  /** Offset of the latest message. */
  readonly top: number
  /** Offset of the oldest message that is kept; `top + 1` when none is. */
  readonly first: number
  /** Earlier generations and their last common offsets, oldest first. Ends never fall. */
  readonly ended: readonly EndedGeneration[]
}

/** A generation that is over. */
export interface EndedGeneration {
  readonly generation: string
  /** Its last offset that the next generation took over. */
  readonly end: number
}

/** What a lineage says of a position. */
export interface Verdict {
  /** After it the history goes on, in the current epoch. */
  readonly position: Position
  readonly gap?: Gap
  readonly rebase?: Rebase
}

/** The epoch as it stands on the wire. */
export function epochOf(lineage: Pick<Lineage, 'log' | 'generation'>): string {
  return `${lineage.log}.${lineage.generation}`
}

/** Position of the latest message; the null position of a channel nobody has written to. */
export function headOf(lineage: Lineage | undefined): Position {
  return lineage ? { epoch: epochOf(lineage), offset: lineage.top } : NULL_POSITION
}

/** Where a reader starts or goes on, and what it must be told first. Without `since`: at the head. PROTOCOL.md §5.3. */
export function judgeSince(lineage: Lineage | undefined, since: Since | undefined): Verdict {
  const head = headOf(lineage)
  if (since === undefined) return { position: head }
  const before = lineage ? lineage.first - 1 : 0
  if (since === 'start') return { position: { epoch: head.epoch, offset: before } }
  if ('last' in since) return { position: { epoch: head.epoch, offset: Math.max(before, head.offset - since.last) } }
  return withTrimmed(judgePosition(lineage, head, since), before)
}

/** Where an epoch ended, seen from the current one; `undefined` when it is the current one or none. PROTOCOL.md §5.3. */
export function rebaseFrom(lineage: Lineage | undefined, epoch: string): Rebase | undefined {
  const head = headOf(lineage)
  if (epoch === '' || epoch === head.epoch) return undefined
  return { from: epoch, end: endOf(lineage, epoch) ?? 0, to: head.epoch }
}

function judgePosition(lineage: Lineage | undefined, head: Position, from: Position): Verdict {
  if (from.epoch === head.epoch) return judgeEnd(from, head.offset, head)
  if (from.epoch === '') return { position: { epoch: head.epoch, offset: 0 } }
  const end = endOf(lineage, from.epoch)
  if (end !== undefined) return judgeEnd(from, end, head)
  const rebase = { from: from.epoch, end: 0, to: head.epoch }
  if (lineage && from.epoch.startsWith(`${lineage.log}.`)) {
    // A generation of this log so old that its end is no longer kept. Lower offsets may be others by now; that the
    // reader is told. Nothing above its own offset can have been delivered to it.
    const offset = Math.min(from.offset, head.offset)
    return {
      position: { epoch: head.epoch, offset },
      gap: { reason: 'unknown', from: from.offset, to: offset + 1 },
      rebase,
    }
  }
  const offset = lineage ? lineage.first - 1 : 0
  return {
    position: { epoch: head.epoch, offset },
    gap: { reason: 'epoch', from: from.offset, to: offset + 1 },
    rebase,
  }
}

/** Judges a position of a history that is common up to `end`. */
function judgeEnd(from: Position, end: number, head: Position): Verdict {
  const rebase = { from: from.epoch, end, to: head.epoch }
  if (from.offset > end) {
    return {
      position: { epoch: head.epoch, offset: end },
      gap: { reason: 'rollback', from: end + 1, to: from.offset },
      rebase,
    }
  }
  const position = { epoch: head.epoch, offset: from.offset }
  return from.epoch === head.epoch ? { position } : { position, rebase }
}

/** What was trimmed is told as a gap of its own: behind another gap, the next reading tells it. */
function withTrimmed(verdict: Verdict, before: number): Verdict {
  const { position } = verdict
  if (verdict.gap || position.offset >= before) return verdict
  return {
    ...verdict,
    position: { epoch: position.epoch, offset: before },
    gap: { reason: 'trimmed', from: position.offset + 1, to: before },
  }
}

function endOf(lineage: Lineage | undefined, epoch: string): number | undefined {
  return lineage?.ended.find((ended) => epoch === `${lineage.log}.${ended.generation}`)?.end
}
