import type { ErrorFrame, Meta, Position, Rebase, ReplyFrame } from '@org/realtime-protocol'
import { remember, roll, type Acknowledged } from './acknowledged.js'
import { RealtimeError, wireError } from './errors.js'
import type { OutboxEvent, Published } from './events.js'
import type { Turn } from './turn.js'

/** Room for what surrounds the data in a publish frame: type, numbers, epoch. */
const FRAME_BYTES = 300

/** Most publishes of a channel that wait for their reply. A server's own limit can only be smaller. */
const WINDOW = 64

/** A publish that is not settled. */
export interface Entry {
  readonly id: string
  readonly channel: string
  readonly data: unknown
  readonly extra: { readonly key?: string; readonly meta?: Meta }
  /** Size of all that the application gave, as JSON in UTF-8. */
  readonly bytes: number
  readonly at: number
  /** Its number among the publishes to the channel. */
  readonly seq: number
  /** Number of the request on this link; 0 while it must be sent. */
  ref: number
  state: 'queued' | 'sent'
}

/** What is known of the publishes to one channel. Kept as long as the client, because its numbers go on. */
export interface Line {
  seq: number
  /** Waiting after an error that passes. */
  blocked: boolean
  /** Errors since something was settled. */
  attempt: number
  readonly acknowledged: Acknowledged[]
}

/** What may wait. */
export interface OutboxLimits {
  readonly messages: number
  readonly bytes: number
  readonly ageMs: number
}

/** Publishes in the order they were asked for. Law: queued + sent + settled = issued. */
export interface Outbox {
  readonly entries: Map<string, Entry>
  readonly lines: Map<string, Line>
  bytes: number
}

/** A publish as it is asked for. */
export type Draft = Pick<Entry, 'id' | 'channel' | 'data' | 'extra' | 'bytes'>

/** What the server takes. */
export interface Pace {
  readonly messageBytes: number
  readonly inFlight: number
}

/** Takes a publish in, or rejects it. */
export function enqueue(outbox: Outbox, draft: Draft, limits: OutboxLimits, turn: Turn): void {
  const { id, channel, bytes } = draft
  const { entries, lines } = outbox
  if (entries.size >= limits.messages || outbox.bytes + bytes > limits.bytes) {
    turn.say('settle', id, new RealtimeError('OUTBOX_FULL', undefined, { retryable: true }))
    return
  }
  let line = lines.get(channel)
  if (!line) lines.set(channel, (line = { seq: 0, blocked: false, attempt: 0, acknowledged: [] }))
  const entry: Entry = { ...draft, at: turn.now, seq: ++line.seq, ref: 0, state: 'queued' }
  outbox.bytes += bytes
  entries.set(id, entry)
  turn.timer(`due ${id}`, limits.ageMs)
  announce(entry, 'queued', turn)
}

/** Sends what the window of each channel lets out, in order. PROTOCOL.md §3.4. */
export function pump(outbox: Outbox, link: number, pace: Pace, turn: Turn): void {
  const flights = new Map<string, { count: number; lowest: number }>()
  for (const entry of outbox.entries.values()) {
    const { channel, id, data, seq } = entry
    const line = outbox.lines.get(channel)
    if (entry.bytes + FRAME_BYTES > pace.messageBytes) {
      settle(outbox, entry, turn, new RealtimeError('TOO_LARGE'))
      continue
    }
    let flight = flights.get(channel)
    if (!flight) flights.set(channel, (flight = { count: 0, lowest: seq }))
    if (!entry.ref) {
      if (line?.blocked || flight.count >= Math.min(WINDOW, pace.inFlight)) continue
      const epoch = line?.acknowledged.at(-1)?.epoch
      const ref = (entry.ref = turn.next())
      const { lowest } = flight
      turn.act('send', link, {
        type: 'publish',
        ref,
        channel,
        id,
        data,
        seq,
        lowest,
        ...(epoch && { epoch }),
        ...entry.extra,
      })
      if (entry.state === 'queued') announce(entry, (entry.state = 'sent'), turn)
    }
    flight.count++
  }
}

/** Takes the answer to a publish, if it is one. What must be sent again is left for the pump. */
export function stepOutbox(outbox: Outbox, input: ReplyFrame | ErrorFrame, turn: Turn): void {
  for (const entry of outbox.entries.values()) {
    const { channel, ref } = entry
    const line = outbox.lines.get(channel)
    if (!line || !ref || ref !== input.ref) continue
    if (input.type === 'reply') {
      const { position, rebase, id = entry.id } = input
      line.attempt = 0
      if (rebase) roll(line.acknowledged, rebase, channel, turn)
      remember(line.acknowledged, id, position, turn.now)
      settle(outbox, entry, turn, undefined, { ...position, id })
      return
    }
    const error = wireError(input)
    const { expected = entry.seq } = input
    const outOfOrder = error.code === 'OUT_OF_ORDER'
    // An expected number above ours: the log has been there, and does not remember what became of it.
    if (!error.retryable || (outOfOrder && expected > entry.seq)) {
      line.attempt = 0
      settle(outbox, entry, turn, outOfOrder ? new RealtimeError('UNKNOWN_OUTCOME') : error)
      return
    }
    // What follows it in the pipeline is refused as out of order: all of it goes again, under new request numbers, so
    // that those refusals find nobody. Only the first such turn in a row may go at once.
    for (const other of outbox.entries.values()) if (other.channel === channel && other.seq >= expected) other.ref = 0
    if (line.attempt++ || !outOfOrder) {
      line.blocked = true
      turn.timer(`out ${channel}`, turn.delay(line.attempt - 1, error.retryAfterMs))
    }
    return
  }
}

/** Gives a publish up. Whether a sent one was stored is not known. */
export function abandon(outbox: Outbox, entry: Entry, turn: Turn, error: RealtimeError): void {
  settle(outbox, entry, turn, entry.state === 'sent' ? new RealtimeError('UNKNOWN_OUTCOME') : error)
}

/** Ends a publish. Its number is used up. */
export function settle(outbox: Outbox, entry: Entry, turn: Turn, error?: RealtimeError, published?: Published): void {
  outbox.entries.delete(entry.id)
  outbox.bytes -= entry.bytes
  turn.timer(`due ${entry.id}`)
  announce(entry, error ? 'failed' : 'stored', turn, error)
  turn.say('settle', entry.id, error, published)
}

/** Takes the news that an epoch of a channel ended. */
export function rollback(outbox: Outbox, channel: string, rebase: Rebase, turn: Turn): void {
  const list = outbox.lines.get(channel)?.acknowledged
  if (list) roll(list, rebase, channel, turn)
}

/** Channels with acknowledged publishes, and the position of the latest one: what `connect` tells. */
export function acknowledged(outbox: Outbox): Array<Position & { channel: string }> {
  const list: Array<Position & { channel: string }> = []
  for (const [channel, { acknowledged }] of outbox.lines) {
    const latest = acknowledged.at(-1)
    if (latest) list.unshift({ channel, epoch: latest.epoch, offset: latest.offset })
  }
  return list
}

function announce(
  { id, channel, data, at }: Entry,
  state: OutboxEvent['state'],
  turn: Turn,
  error?: RealtimeError,
): void {
  turn.say('emit', 'outbox', { id, channel, data, at, state, error })
}
