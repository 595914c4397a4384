import { NULL_POSITION, type Gap, type Position, type Rebase, type Since } from '@org/realtime-protocol'

/**
 * The history of one channel. An epoch on the wire is `E.G`: E names the log since it was begun, G the replication
 * history that serves it. When another history takes over, G changes and the end of the old one is kept here: a
 * position at or below that end lies in the common prefix and stays good.
 *
 * A second failover can lose the record of the first one. So that its readers are not strangers, G also names the two
 * generations before it and where it began (see {@link Generation}).
 */
export interface Lineage {
  /** E: made when the log began. */
  readonly log: string
  /** G: the generation that serves the log, with its forebears. */
  readonly generation: Generation
  /** Offset of the latest message. */
  readonly top: number
  /** Offset of the oldest message that is kept; `top + 1` when none is. */
  readonly first: number
  /** Earlier generations and their last common offsets, oldest first. Ends never fall. */
  readonly ended: readonly EndedGeneration[]
}

/**
 * A generation as text: its own id, then, for each of up to two forebears, the offset up to which that one was taken
 * over and its id, all joined by `~`.
 */
export type Generation = string

/** A generation that is over. */
export interface EndedGeneration {
  /** Its own id, without forebears. */
  readonly id: string
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
  if (isPosition(since)) return withTrimmed(judgePosition(lineage, head, since), before)
  return { position: { epoch: head.epoch, offset: Math.max(before, head.offset - since.last) } }
}

/** A start as a peer gave it, without what it added: that would go on to the broker, and back to the peer. */
export function bareSince(since: Since | undefined): Since | undefined {
  if (typeof since !== 'object') return since
  return isPosition(since) ? { epoch: since.epoch, offset: since.offset } : { last: since.last }
}

/** Whether a start is a position. One that is also a `last` is a position; half a position beside a `last` is none. */
export function isPosition(since: Since | undefined): since is Position {
  if (typeof since !== 'object' || !('epoch' in since)) return false
  return typeof since.epoch === 'string' && Number.isSafeInteger(since.offset) && since.offset >= 0
}

/**
 * Where an epoch ended, seen from the current one; `undefined` when it is the current one or none, and when it is so
 * old that its end is no longer kept: an end of 0 would say that all of it was undone. PROTOCOL.md §5.3.
 */
export function rebaseFrom(lineage: Lineage | undefined, epoch: string): Rebase | undefined {
  const head = headOf(lineage)
  if (epoch === '' || epoch === head.epoch) return undefined
  const end = endOf(lineage, epoch)
  if (end === undefined && isOfLog(lineage, epoch)) return undefined
  return { from: epoch, end: end ?? 0, to: head.epoch }
}

function judgePosition(lineage: Lineage | undefined, head: Position, from: Position): Verdict {
  if (from.epoch === head.epoch) return judgeEnd(from, head.offset, head)
  if (from.epoch === '') return { position: { epoch: head.epoch, offset: 0 } }
  const end = endOf(lineage, from.epoch)
  if (end !== undefined) return judgeEnd(from, end, head)
  const before = lineage ? lineage.first - 1 : 0
  if (isOfLog(lineage, from.epoch)) {
    // A generation of this log so old that its end is no longer kept. Lower offsets may be others by now; that the
    // reader is told. Nothing above its own offset can have been delivered to it.
    const offset = Math.max(before, Math.min(from.offset, head.offset))
    return {
      position: { epoch: head.epoch, offset },
      gap: { reason: 'unknown', from: from.offset, to: offset + 1 },
    }
  }
  return {
    position: { epoch: head.epoch, offset: before },
    gap: { reason: 'epoch', from: from.offset, to: before + 1 },
    rebase: { from: from.epoch, end: 0, to: head.epoch },
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

/**
 * The generation that takes over from another one at an offset.
 *
 * @param id Names it.
 * @param from The generation before it.
 * @param end The last offset taken over.
 */
export function succeed(id: string, from: Generation, end: number): Generation {
  return [id, end.toString(RADIX), ...from.split('~').slice(0, FOREBEARS * 2 - 1)].join('~')
}

/** Names a generation, without its forebears. */
export function idOf(generation: Generation): string {
  return generation.split('~', 1)[0] ?? generation
}

const FOREBEARS = 2
const RADIX = 36

/** Up to where the history of an epoch and the current one are the same; `undefined` when that is not known. */
function endOf(lineage: Lineage | undefined, epoch: string): number | undefined {
  if (!lineage || !epoch.startsWith(`${lineage.log}.`)) return undefined
  const line = epoch.slice(lineage.log.length + 1).split('~')
  let reach = Infinity
  // From the generation itself back through its forebears, to the first one that this lineage knows as well.
  for (let i = 0; i < line.length; i += 2) {
    if (i > 0) reach = Math.min(reach, Number.parseInt(line[i - 1] ?? '0', RADIX))
    const known =
      line[i] === idOf(lineage.generation) ? lineage.top : lineage.ended.find(({ id }) => id === line[i])?.end
    if (known !== undefined) return Math.min(reach, known)
  }
  return undefined
}

/** Whether an epoch is a generation of this log, kept or not. */
function isOfLog(lineage: Lineage | undefined, epoch: string): boolean {
  return lineage !== undefined && epoch.startsWith(`${lineage.log}.`)
}
