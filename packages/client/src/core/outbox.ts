import type {
  ClientFrame,
  Data,
  ErrorFrame,
  Meta,
  Position,
  PresenceAction,
  Rebase,
  ReplyFrame,
  ResultFrame,
} from '@org/realtime-protocol'
import { ACKNOWLEDGED, ACKNOWLEDGED_MS, FRAME_BYTES, WINDOW } from './bounds.js'
import { RealtimeError, wireError } from './errors.js'
import type { OutboxEntry, OutboxEvent } from './events.js'
import * as turn from './turn.js'
import { upsert } from './upsert.js'

/** A request as it is asked for. All but calls are sent again on the next link: done twice is as if done once. */
export interface Draft {
  readonly type: 'publish' | 'history' | 'call' | 'presence'
  readonly id: string
  /** What it has to wait for: publishes to one channel for one another; what concerns presence, one by one; calls. */
  readonly line: string
  /** What the application gave, as it goes into the frame. */
  readonly fields: {
    readonly channel?: string
    readonly data?: Data
    readonly key?: string | undefined
    readonly meta?: Meta | undefined
    readonly method?: string
    readonly action?: PresenceAction
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
  readonly queue: Line
  /** Its number among the publishes to the channel; 0 for anything else. */
  readonly seq: number
  /** Number of the request on this link; 0 while it must be sent. */
  ref: number
  /** Its number, once it was sent again: an earlier copy may have taken effect. */
  again?: number
  state: OutboxEvent['state']
}

/** A publish that was acknowledged, and where it was stored. */
interface Acknowledged {
  readonly id: string
  readonly offset: number
  readonly at: number
  epoch: string
}

/** What is known of the requests of one line. Kept as long as the client, because its numbers go on. */
export interface Line {
  seq: number
  /** Errors since something was settled. */
  attempt: number
  stored: Acknowledged[]
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

/** What of a session is its outbox. */
export interface Outbox {
  readonly config: { readonly outbox: OutboxLimits; readonly requestTimeoutMs: number }
  /** In the order they were asked for, by id. Law: queued + sent + settled = issued. */
  readonly requests: Map<string, Entry>
  readonly lines: Map<string, Line>
  /** What the requests take together. */
  queuedBytes: number
}

/** What the server takes. */
export interface Pace {
  readonly messageBytes: number
  readonly inFlight: number
}

/** Takes a request of the application in, or rejects it. */
export function admit(outbox: Outbox, draft: Draft): void {
  const { messages, bytes } = outbox.config.outbox
  if (outbox.requests.size < messages && outbox.queuedBytes + draft.bytes <= bytes) enqueue(outbox, draft)
  else turn.say('settle', draft.id, new RealtimeError('OUTBOX_FULL'))
}

/** Takes a request in. */
export function enqueue(outbox: Outbox, draft: Draft): Entry {
  const { config, lines } = outbox
  const { id, line, timeoutMs = config.requestTimeoutMs } = draft
  const publishes = draft.type === 'publish'
  const queue = upsert<string, Line>(lines, line, () => ({ seq: 0, attempt: 0, flying: 0, lowest: 0, stored: [] }))
  const entry: Entry = { ...draft, queue, at: turn.now, seq: publishes ? ++queue.seq : 0, ref: 0, state: 'queued' }
  outbox.queuedBytes += draft.bytes
  outbox.requests.set(id, entry)
  // Being present, or not any more, is wanted like a subscription: until something else is.
  const { action = 'get' } = draft.fields
  if (action === 'get') {
    turn.timer(entry, publishes ? config.outbox.ageMs : timeoutMs, () =>
      giveUp(outbox, entry, new RealtimeError(publishes ? 'EXPIRED' : 'TIMEOUT')),
    )
  }
  announce(entry, 'queued')
  return entry
}

/** Sends what each line lets out, in order, and all reads of the log. PROTOCOL.md §3.4. */
export function pump(outbox: Outbox, pace: Pace, offline: boolean): void {
  for (const queue of outbox.lines.values()) queue.flying = queue.lowest = 0
  for (const entry of outbox.requests.values()) {
    const { type, id, seq, fields, queue } = entry
    if (entry.bytes + FRAME_BYTES > pace.messageBytes) {
      settle(outbox, entry, new RealtimeError('TOO_LARGE'))
      continue
    }
    queue.lowest ||= seq
    const waits = type !== 'history'
    if (!entry.ref) {
      const window = type === 'presence' ? 1 : Math.min(WINDOW, pace.inFlight)
      if (waits && (offline || turn.waits(queue) || queue.flying >= window)) continue
      entry.ref = turn.next()
      const numbers = seq && { id, seq, lowest: queue.lowest, epoch: queue.stored[0]?.epoch }
      turn.send({ type, ref: entry.ref, ...fields, ...numbers } as ClientFrame)
      if (entry.state === 'queued') announce(entry, 'sent')
      else entry.again = seq
    }
    if (waits) queue.flying++
  }
}

/**
 * Takes the answer to a request, if it is one. What must be sent again is left for the pump.
 *
 * @returns The request that was answered.
 */
export function answer(outbox: Outbox, input: ReplyFrame | ResultFrame | ErrorFrame): Entry | undefined {
  const entries = [...outbox.requests.values()]
  const entry = entries.find(({ ref }) => ref && ref === input.ref)
  if (!entry) return undefined
  const { seq, line, queue } = entry
  if (input.type === 'error') {
    const error = wireError(input)
    const { expected = seq } = input
    const outOfOrder = error.code === 'OUT_OF_ORDER'
    // An expected number above ours: the log has been there, and does not remember what became of it. Nor does a refusal
    // say what became of an earlier copy: a rule may have learned something since.
    if (!/publish|presence/.test(entry.type) || !error.retryable || (outOfOrder && expected > seq)) {
      queue.attempt = 0
      settle(outbox, entry, outOfOrder || entry.again ? new RealtimeError('UNKNOWN_OUTCOME') : error)
    } else {
      // What follows it in the pipeline is refused as out of order: all of it goes again, under new request numbers, so
      // that those refusals find nobody. Only the first such turn in a row may go at once.
      for (const other of entries) if (other.line === line && other.seq >= expected) other.ref = 0
      if (queue.attempt++ || !outOfOrder) turn.timer(queue, turn.delay(queue.attempt - 1, error.retryAfterMs))
    }
  } else {
    queue.attempt = 0
    const { type: _, ref: __, ...value } = input
    if (seq && input.type === 'reply') {
      const { position, rebase, id = entry.id } = input
      if (rebase) roll(outbox, line, rebase)
      queue.stored = [...recent(queue, turn.now).slice(1 - ACKNOWLEDGED), { ...position, id, at: turn.now }]
      settle(outbox, entry, undefined, { ...position, id })
    } else settle(outbox, entry, undefined, entry.fields.method ? (value as ResultFrame).data : value)
  }
  return entry
}

/** Whether what was sent has taken effect is not known, and matters. */
const unsure = ({ type, state, idempotent }: Entry): boolean =>
  state === 'sent' && /publish|call/.test(type) && !idempotent

/** Gives a request up, because of an error that says so only if it certainly had no effect. */
export function giveUp(outbox: Outbox, entry: Entry, error: RealtimeError): void {
  if (entry.type === 'call' && entry.ref) turn.send({ type: 'cancel', ref: entry.ref })
  settle(outbox, entry, unsure(entry) && error.code !== 'ABORTED' ? new RealtimeError('UNKNOWN_OUTCOME') : error)
}

/** The link is gone. What it had is sent again on the next one, except for calls that may be done only once. */
export function interrupt(outbox: Outbox): void {
  for (const entry of outbox.requests.values()) {
    if (!entry.seq && unsure(entry)) giveUp(outbox, entry, new RealtimeError('UNKNOWN_OUTCOME'))
    entry.ref = 0
  }
}

/** Ends a request. The number of a publish is used up. */
export function settle(outbox: Outbox, entry: Entry, error?: RealtimeError, value?: unknown): void {
  outbox.requests.delete(entry.id)
  outbox.queuedBytes -= entry.bytes
  turn.cancel(entry)
  announce(entry, error ? 'failed' : 'stored', error)
  turn.say('settle', entry.id, error, value)
}

/**
 * Takes the news that an epoch of a channel ended: tells which acknowledged publishes that took away, and names the
 * others in the epoch that goes on. PROTOCOL.md §5.3.
 */
export function roll(outbox: Outbox, channel: string, { from, end, to }: Rebase): void {
  const list = outbox.lines.get(channel)?.stored ?? []
  const ids: string[] = []
  for (const entry of list.splice(0)) {
    const ended = entry.epoch === from
    if (ended) entry.epoch = to
    if (ended && entry.offset > end) ids.push(entry.id)
    else list.push(entry)
  }
  if (ids.length) turn.say('emit', 'rollback', { channel, ids }, channel)
}

/** What may still be in the log. Older ones go without a word, as the log lets go of them. */
function recent({ stored }: Line, now: number): Acknowledged[] {
  return stored.filter(({ at }) => at >= now - ACKNOWLEDGED_MS)
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
export function shown({ id, fields: { channel, data, key }, state, at }: Entry): OutboxEntry {
  return { id, channel, data, key, state, at } as OutboxEntry
}

function announce(entry: Entry, state: Entry['state'], error?: RealtimeError): void {
  entry.state = state
  if (entry.seq) turn.say('emit', 'outbox', { ...shown(entry), error })
}
