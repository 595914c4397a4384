import { rebaseFrom } from '../core/lineage.js'
import type { PublishOutcome, PublishRequest, Random, Retention } from '../ports/index.js'
import type { RedisLine } from './line.js'
import type { LogKeyring } from './log-keys.js'
import { parseEnded } from './log-state.js'
import { messageText } from './message-text.js'

/** What the writer is built from. */
export interface WriterParts {
  readonly line: RedisLine
  readonly keyring: LogKeyring
  readonly random: Random
  /** Time for which repeats are known, at least. */
  readonly dedupeMs: number
  /** Time for which a log is kept at least, whatever its retention says: that of whoever listens to renew it. */
  readonly leastTtlMs: number
}

/**
 * What the function answers: a kind; then epoch, offset, id if it was stored as another one, and what is known of other
 * epochs; or the number expected.
 */
type Answer = readonly [kind: 1, epoch: string, offset: number, id?: string, top?: number, ended?: string]
type Refusal = readonly [kind: 2 | 3, expected: number]

/** A time that Redis can add to its own, for whoever asks for ever. */
const MOST_MS = 2 ** 42

/** Appends to logs. */
export class LogWriter {
  private readonly retentions = new WeakMap<Retention, string>()

  constructor(private readonly parts: WriterParts) {}

  /** Stores one message and hands it on. */
  async publish(request: PublishRequest): Promise<PublishOutcome> {
    const { channel, id, payload, number, key, epoch = '' } = request
    const { line, keyring, random, dedupeMs } = this.parts
    const { all, topic } = keyring.of(channel)
    const args = [topic, line.publishCommand, id, messageText(request), Buffer.byteLength(payload)]
    const bounds = [this.retention(request.retention), dedupeMs, random.id(), epoch]
    const numbered = number ? [`p${number.producer}`, number.seq, number.lowest] : ['', '', '']
    const keyed = key === undefined ? '' : `k${key}`
    // A publish without number and key cannot be known again: it must not run twice.
    const once = !number && key === undefined
    const known = once ? [] : [...numbered, keyed]
    const answer = (await line.call('log.publish', all, [...args, ...bounds, ...known], { once })) as Answer | Refusal
    if (answer[0] !== 1) return { kind: answer[0] === 2 ? 'out-of-order' : 'forgotten', expected: answer[1] }
    const [, current, offset, other, top, ended] = answer
    const storedId = other || id
    const position = { epoch: current, offset }
    if (ended === undefined || top === undefined) return { kind: 'stored', id: storedId, position }
    const dot = current.indexOf('.')
    const lineage = {
      log: current.slice(0, dot),
      generation: current.slice(dot + 1),
      top,
      first: 1,
      ended: parseEnded(ended),
    }
    return { kind: 'stored', id: storedId, position, rebase: rebaseFrom(lineage, epoch) }
  }

  private retention(retention: Retention): string {
    const known = this.retentions.get(retention)
    if (known !== undefined) return known
    const { messages, ageMs, bytes, ttlMs } = retention
    const kept = [messages, ageMs, bytes].map((bound) => Math.min(Math.ceil(bound), Number.MAX_SAFE_INTEGER))
    const text = [...kept, Math.min(Math.max(Math.ceil(ttlMs), this.parts.leastTtlMs), MOST_MS)].join(' ')
    this.retentions.set(retention, text)
    return text
  }
}
