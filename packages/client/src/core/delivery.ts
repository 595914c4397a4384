import { judge, rebased, type Gap, type Position, type PublicationFrame, type Rebase } from '@org/realtime-protocol'
import type { Turn } from './turn.js'

/** Where the messages of a channel stand, whichever links they come from. */
export interface Stream {
  readonly channel: string
  /** After this position the next message is due. */
  last: Position | undefined
  /** Up to this offset, messages are recovered ones. */
  head: number
}

/**
 * Takes a message by the delivery rule. PROTOCOL.md §5.2. What must be held is let go: the recovery that has to follow
 * brings it again, in its place.
 *
 * @returns Whether the stream must recover.
 */
export function receive(stream: Stream, { type: _, ...publication }: PublicationFrame, turn: Turn): boolean {
  const { epoch, offset } = publication
  const verdict = stream.last && judge(stream.last, publication)
  if (verdict === 'deliver') {
    turn.say('emit', 'message', { ...publication, recovered: offset <= stream.head }, stream.channel)
    move(stream, { epoch, offset }, turn)
  }
  return verdict === 'hold'
}

/** Takes the news that an epoch ended. Returns whether the stream must recover. PROTOCOL.md §5.3. */
export function rename(stream: Stream, rebase: Rebase, turn: Turn): boolean {
  if (!stream.last || stream.last.epoch === rebase.to) return false
  const next = rebased(stream.last, rebase)
  if (next) move(stream, next, turn)
  return !next
}

/** A position under its new name, if it has one. */
export function renamed(position: Position, rebase: Rebase | undefined): Position {
  return (rebase && rebased(position, rebase)) ?? position
}

/**
 * Goes on at a position that a server named. Whatever neither the end of an epoch nor a gap explains is told as a gap
 * of its own, so that no server can make messages vanish in silence.
 *
 * @returns Whether something was missing.
 */
export function join(
  stream: Stream,
  position: Position,
  gap: Gap | undefined,
  rebase: Rebase | undefined,
  turn: Turn,
): boolean {
  const { channel, last } = stream
  const from = last && renamed(last, rebase)
  const same = from?.epoch === position.epoch
  // With two links the same gap can be told twice: what was joined already lies behind us. A rollback inside one epoch
  // does not, for it takes offsets back.
  if (from && same && position.offset <= from.offset && !(gap?.reason === 'rollback' && rebase?.from === rebase?.to)) {
    move(stream, from, turn)
    return false
  }
  const missing = gap ?? (from && (from.epoch || position.offset) && unexplained(from, position))
  if (missing) {
    // The other link may have brought us further than the server knows.
    const { reason } = missing
    const first =
      same && reason !== 'rollback' && reason !== 'unknown' ? Math.max(missing.from, from.offset + 1) : missing.from
    const to = from && reason === 'rollback' ? from.offset : missing.to
    turn.say('emit', 'gap', { channel, reason, from: first, to, position }, channel)
  }
  move(stream, position, turn)
  return !!missing
}

function unexplained({ offset: from }: Position, { offset }: Position): Gap {
  return { reason: 'unknown', from, to: offset + 1 }
}

function move(stream: Stream, position: Position, turn: Turn): void {
  stream.last = position
  turn.say('position', stream.channel, position)
}
