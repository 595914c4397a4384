import {
  judge,
  rebased,
  type Gap,
  type Position,
  type PublicationFrame,
  type Rebase,
  type SubscribedFrame,
} from '@org/realtime-protocol'
import * as turn from './turn.js'

/** Where the messages of a channel stand, whichever links they come from. */
export interface Stream {
  readonly channel: string
  /** After this position the next message is due. */
  last: Position | undefined
  /** Up to this offset, messages are recovered ones. */
  head: number
  /** How the server keeps and delivers messages, where it is not a log. */
  mode?: SubscribedFrame['mode']
}

/**
 * Takes a message by the delivery rule of the mode. PROTOCOL.md §5.2, §5.5. In a log, what must be held is let go: the
 * recovery that has to follow brings it again, in its place. Of a `latest` channel any other value that is not older is
 * news, and of an `ephemeral` one everything is.
 *
 * @returns Whether the stream must recover.
 */
export function receive(stream: Stream, { type: _, ...publication }: PublicationFrame): boolean {
  const { epoch, offset } = publication
  const { last, mode } = stream
  const verdict = last && judge(last, publication, mode)
  if (verdict === 'deliver') {
    // Another history counts anew.
    if (epoch !== last?.epoch) stream.head = 0
    turn.say('emit', 'message', { ...publication, recovered: !!epoch && offset <= stream.head }, stream.channel)
    move(stream, { epoch, offset })
  }
  return verdict === 'hold'
}

/** Takes the news that an epoch ended. Returns whether the stream must recover. PROTOCOL.md §5.3. */
export function rename(stream: Stream, rebase: Rebase): boolean {
  const { last } = stream
  const next = last && rebased(last, rebase)
  if (next) move(stream, next)
  return !!last && !next && last.epoch !== rebase.to
}

/** A position under its new name, if it has one. */
export function renamed(position: Position, rebase: Rebase | undefined): Position {
  return (rebase && rebased(position, rebase)) ?? position
}

/** Goes on at a position that a server named, and tells the gap before it. */
export function join(stream: Stream, position: Position, gap: Gap | undefined, rebase: Rebase | undefined): void {
  const { channel, last } = stream
  // A log that is gone has no position in the next one, not even the one before its first message.
  const at = last && (gap?.reason === 'epoch' ? last : renamed(last, rebase))
  const same = at?.epoch === position.epoch
  const rollback = gap?.reason === 'rollback'
  if (at && same && position.offset <= at.offset && !(rollback && rebase?.from === rebase?.to)) {
    // With two links the same gap can be told twice: what was joined already lies behind us. A rollback inside one
    // epoch does not, for it takes offsets back.
    position = at
  } else if (gap) {
    const { reason } = gap
    let { from, to } = gap
    // The other link may have brought us further than the server knows.
    if (at && rollback) to = at.offset
    else if (at && same && reason !== 'unknown') from = Math.max(from, at.offset + 1)
    turn.say('emit', 'gap', { channel, reason, from, to, position }, channel)
  }
  move(stream, position)
}

function move(stream: Stream, position: Position): void {
  stream.last = position
  turn.say('position', stream.channel, position)
}
