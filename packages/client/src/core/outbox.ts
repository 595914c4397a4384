import type {
  ClientFrame,
  Data,
  ErrorFrame,
  Meta,
  Position,
  Rebase,
  ReplyFrame,
  ResultFrame,
} from '@org/realtime-protocol'
import { RealtimeError, wireError } from './errors.js'
import type { OutboxEntry, OutboxEvent } from './events.js'
import type { Turn } from './turn.js'

/** Room for what surrounds the data in a publish frame: type, numbers, epoch. */
const FRAME_BYTES = 300

/** Most publishes of a channel that wait for their reply, and most calls. A server's own limit can only be smaller. */
const WINDOW = 64

/** How many acknowledged publishes of a channel are remembered, and how long. */
const KEPT = 100
const KEPT_MS = 300_000

/** A request as it is asked for. A read of the log is sent again like a publish, for reading twice does no harm. */
export interface Draft {
  readonly type: 'publish' | 'history' | 'call'
  readonly id: string
  /** The channel; empty for a call. */
  readonly channel: string
  /** What the application gave, as it goes into the frame. */
  readonly fields: {
    readonly data?: Data
    readonly key?: string | undefined
    readonly meta?: Meta | undefined
    readonly method?: string
    readonly limit?: number
    readonly after?: Position | undefined
    readonly before?: Position | undefined
  }
  /** Size of what is sent, as JSON in UTF-8. */
  readonly bytes: number
  /** How long a call or a read may take. */
  readonly timeoutMs?: number | undefined
  /** Whether a call may be sent again when its outcome is unknown. */
  readonly idempotent?: boolean | undefined
}

/** A request that is not settled. */
export interface Entry extends Draft {
  readonly at: number
  readonly line: Line
  /** Its number among the publishes to the channel; 0 for anything else. */
  readonly seq: number
  /** Number of the request on this link; 0 while it must be sent. */
  ref: number
  state: OutboxEvent['state']
}

/** A publish that was acknowledged, and where it was stored. */
interface Acknowledged {
  readonly id: string
  readonly offset: number
  readonly at: number
  epoch: string
}

/** What is known of the publishes to one channel. Kept as long as the client, because its numbers go on. */
export interface Line {
  seq: number
  /** Errors since something was settled. */
  attempt: number
  acknowledged: Acknowledged[]
  /** While the outbox is pumped: publishes that wait for their reply, and the lowest number that is not settled. */
  flying: number
  lowest: number
}

/** What may wait. */
export interface OutboxLimits {
  readonly messages: number
  readonly bytes: number
  readonly ageMs: number
}

/** What a request is held to. */
interface Limits {
  readonly outbox: OutboxLimits
  readonly requestTimeoutMs: number
}

/** Requests in the order they were asked for. Law: queued + sent + settled = issued. */
export interface Outbox {
  readonly entries: Map<string, Entry>
  readonly lines: Map<string, Line>
  bytes: number
}

/** What the server takes. */
export interface Pace {
  readonly messageBytes: number
  readonly inFlight: number
}

/** Takes a request in, or rejects it. */
export function enqueue(outbox: Outbox, draft: Draft, { outbox: limits, requestTimeoutMs }: Limits, turn: Turn): void {
  const { type, id, channel, bytes, timeoutMs = requestTimeoutMs } = draft
  const { entries, lines } = outbox
  const publishes = type === 'publish'
  if (type !== 'history' && (entries.size >= limits.messages || outbox.bytes + bytes > limits.bytes)) {
    turn.say('settle', id, new RealtimeError('OUTBOX_FULL'))
    return
  }
  let line = lines.get(channel)
  if (!line) lines.set(channel, (line = { seq: 0, attempt: 0, flying: 0, lowest: 0, acknowledged: [] }))
  const entry: Entry = { ...draft, line, at: turn.now, seq: publishes ? ++line.seq : 0, ref: 0, state: 'queued' }
  outbox.bytes += bytes
  entries.set(id, entry)
  turn.timer(`due ${id}`, publishes ? limits.ageMs : timeoutMs, (late) =>
    giveUp(outbox, entry, late, new RealtimeError(publishes ? 'EXPIRED' : 'TIMEOUT')),
  )
  announce(entry, 'queued', turn)
}

/** Sends what the window of each channel and that of calls lets out, in order, and all reads. PROTOCOL.md §3.4. */
export function pump(outbox: Outbox, link: number, pace: Pace, offline: boolean, turn: Turn): void {
  for (const line of outbox.lines.values()) line.flying = line.lowest = 0
  for (const entry of outbox.entries.values()) {
    const { type, channel, id, seq, fields, line } = entry
    if (entry.bytes + FRAME_BYTES > pace.messageBytes) {
      settle(outbox, entry, turn, new RealtimeError('TOO_LARGE'))
      continue
    }
    line.lowest ||= seq
    const waits = type !== 'history'
    if (!entry.ref) {
      if (waits && (offline || turn.waits(`out ${channel}`) || line.flying >= Math.min(WINDOW, pace.inFlight))) continue
      entry.ref = turn.next()
      const numbers = seq && { id, seq, lowest: line.lowest, epoch: line.acknowledged[0]?.epoch }
      turn.act('send', link, {
        type,
        ref: entry.ref,
        channel: channel || undefined,
        ...fields,
        ...numbers,
      } as ClientFrame)
      if (entry.state === 'queued') announce(entry, 'sent', turn)
    }
    if (waits) line.flying++
  }
}

/** Takes the answer to a request, if it is one. What must be sent again is left for the pump. */
export function answer(outbox: Outbox, input: ReplyFrame | ResultFrame | ErrorFrame, turn: Turn): void {
  const entries = [...outbox.entries.values()]
  const entry = entries.find(({ ref }) => ref && ref === input.ref)
  if (!entry) return
  const { channel, seq, line } = entry
  if (input.type === 'result') {
    settle(outbox, entry, turn, undefined, input.data)
    return
  }
  if (input.type === 'reply') {
    const { type: _, ref: __, ...value } = input
    if (seq) {
      const { position, rebase, id = entry.id } = input
      line.attempt = 0
      if (rebase) roll(outbox, channel, rebase, turn)
      line.acknowledged = [...recent(line, turn.now).slice(1 - KEPT), { ...position, id, at: turn.now }]
      settle(outbox, entry, turn, undefined, { ...position, id })
    } else settle(outbox, entry, turn, undefined, value)
    return
  }
  const error = wireError(input)
  const { expected = seq } = input
  const outOfOrder = error.code === 'OUT_OF_ORDER'
  // An expected number above ours: the log has been there, and does not remember what became of it.
  if (!seq || !error.retryable || (outOfOrder && expected > seq)) {
    line.attempt = 0
    settle(outbox, entry, turn, outOfOrder ? new RealtimeError('UNKNOWN_OUTCOME') : error)
    return
  }
  // What follows it in the pipeline is refused as out of order: all of it goes again, under new request numbers, so
  // that those refusals find nobody. Only the first such turn in a row may go at once.
  for (const other of entries) if (other.channel === channel && other.seq >= expected) other.ref = 0
  if (line.attempt++ || !outOfOrder) {
    turn.timer(`out ${channel}`, turn.delay(line.attempt - 1, error.retryAfterMs))
  }
}

/** Whether what was sent has taken effect is not known, and matters. */
const unsure = ({ type, state, idempotent }: Entry): boolean => state === 'sent' && type !== 'history' && !idempotent

/** Gives a request up, because of an error that says so only if it certainly had no effect. */
export function giveUp(outbox: Outbox, entry: Entry, turn: Turn, error: RealtimeError): void {
  if (entry.type === 'call' && entry.ref) turn.send({ type: 'cancel', ref: entry.ref })
  settle(outbox, entry, turn, unsure(entry) && error.code !== 'ABORTED' ? new RealtimeError('UNKNOWN_OUTCOME') : error)
}

/** The link is gone. What it had is sent again on the next one, except for calls that may be done only once. */
export function interrupt(outbox: Outbox, turn: Turn): void {
  for (const entry of outbox.entries.values()) {
    if (entry.ref && !entry.seq && unsure(entry)) giveUp(outbox, entry, turn, new RealtimeError('UNKNOWN_OUTCOME'))
    entry.ref = 0
  }
}

/** Ends a request. The number of a publish is used up. */
export function settle(outbox: Outbox, entry: Entry, turn: Turn, error?: RealtimeError, value?: unknown): void {
  const { id } = entry
  outbox.entries.delete(id)
  outbox.bytes -= entry.bytes
  turn.cancel(`due ${id}`)
  announce(entry, error ? 'failed' : 'stored', turn, error)
  turn.say('settle', id, error, value)
}

/**
 * Takes the news that an epoch of a channel ended: tells which acknowledged publishes that took away, and names the
 * others in the epoch that goes on. PROTOCOL.md §5.3.
 */
export function roll(outbox: Outbox, channel: string, { from, end, to }: Rebase, turn: Turn): void {
  const list = outbox.lines.get(channel)?.acknowledged ?? []
  const ids: string[] = []
  for (const entry of list.splice(0)) {
    const ended = entry.epoch === from
    if (ended && entry.offset > end) ids.push(entry.id)
    else list.push(ended ? { ...entry, epoch: to } : entry)
  }
  if (ids.length) turn.say('emit', 'rollback', { channel, ids }, channel)
}

/** What may still be in the log. Older ones go without a word, as the log lets go of them. */
function recent({ acknowledged }: Line, now: number): Acknowledged[] {
  return acknowledged.filter(({ at }) => at >= now - KEPT_MS)
}

/**
 * Channels with acknowledged publishes, and the latest position of the oldest epoch among them, which is the first to
 * be asked for: what `connect` tells.
 */
export function acknowledged({ lines }: Outbox, now: number): Array<Position & { channel: string }> {
  return [...lines].flatMap(([channel, line]) => {
    const list = recent(line, now)
    const latest = list.filter(({ epoch }) => epoch === list[0]?.epoch).slice(-1)
    return latest.map(({ epoch, offset }) => ({ channel, epoch, offset }))
  })
}

/** What the application may know of a publish. */
export function shown({ id, channel, fields, state, at }: Entry): OutboxEntry {
  return { id, channel, data: fields.data, state, at } as OutboxEntry
}

function announce(entry: Entry, state: Entry['state'], turn: Turn, error?: RealtimeError): void {
  entry.state = state
  if (entry.seq) turn.say('emit', 'outbox', { ...shown(entry), error })
}
