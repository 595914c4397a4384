import { rebaseFrom } from '../core/lineage.js'
import type { PublishOutcome, PublishRequest, Random, Retention } from '../ports/index.js'
import type { RedisLine } from './line.js'
import type { LogKeyring } from './log-keys.js'
import { parseEnded } from './log-state.js'
import { messageText } from './message-text.js'

/** What the appender is built from. */
export interface AppenderParts {
  readonly line: RedisLine
  readonly keyring: LogKeyring
  readonly random: Random
  /** Time for which repeats are known, at least. */
  readonly dedupeMs: number
  /** Time for which a log is kept at least, whatever its retention says: that of whoever listens to renew it. */
  readonly leastTtlMs: number
}

/**
 * What makes a publish known again, which says how its call may be repeated. By nothing (`once`): it must not run
 * twice. By a `key`: it may. By a `number` of its producer: it may, too, but not where another history has taken over, which
 * does not know it. Its client asks again by itself, maybe over another server, and knows whether it was answered; a late
 * copy of what that one was told is stored would be stored there once more. One that finds no Redis waits for the next as
 * long as the link of its client lasts.
 */
export type PublishKind = 'once' | 'key' | 'number'

/** Publishes of one channel that may share a call, in order: all of them have the same retention. */
export interface Group {
  readonly kind: PublishKind
  readonly requests: readonly PublishRequest[]
}

/**
 * What the function answers to each message: a kind; then epoch, offset, id if it was stored as another one, and what is
 * known of other epochs; or the number expected.
 */
type Answer = Stored | Refusal
type Stored = readonly [kind: 1, epoch: string, offset: number, id?: string, top?: number, ended?: string]
type Refusal = readonly [kind: 2 | 3, expected: number]

/** Arguments of a message: those that all have, and with those that a number or a key need. */
const ARGUMENTS = { once: 3, known: 8 }

/** A time that Redis can add to its own, for whoever asks for ever. */
const MOST_MS = 2 ** 42

/** See {@link PublishKind}. */
export function kindOf({ number, key }: PublishRequest): PublishKind {
  if (number) return 'number'
  return key === undefined ? 'once' : 'key'
}

/** Appends to logs, and hands on what it appended: each group in one call. */
export class LogAppender {
  private readonly retentions = new WeakMap<Retention, string>()

  constructor(private readonly parts: AppenderParts) {}

  /**
   * Stores the messages of a group. Resolves to what became of them, in order; of those that follow one which the log does
   * not take nothing is said, and nothing was done. Rejects when it is the first, or when the outcome is not known.
   */
  async append(channel: string, { kind, requests }: Group): Promise<readonly PublishOutcome[]> {
    const { line, keyring, random, dedupeMs } = this.parts
    const { all, topic } = keyring.of(channel)
    const [first] = requests
    if (!first) return []
    const args = [topic, line.publishCommand, this.retention(first.retention), dedupeMs, random.id()]
    const once = kind === 'once'
    args.push(once ? ARGUMENTS.once : ARGUMENTS.known)
    for (const request of requests) {
      const { id, payload, number, key, epoch = '' } = request
      args.push(messageText(request), Buffer.byteLength(payload), epoch)
      if (once) continue
      if (number) args.push(id, `p${number.producer}`, number.seq, number.lowest)
      else args.push(id, '', '', '')
      args.push(key === undefined ? '' : `k${key}`)
    }
    const answers = (await line.call('log.publish', all, args, {
      once,
      ...(kind === 'number' && { sameHistory: true, isWanted: () => requests.every(isWanted) }),
    })) as readonly Answer[]
    if (answers.length === 0) throw new Error('the function that appends answered nothing')
    const outcomes: PublishOutcome[] = []
    for (const [i, answer] of answers.entries()) outcomes.push(outcomeOf(answer, requests[i] ?? first))
    return outcomes
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

/** Whether somebody waits for what becomes of a publish. */
export function isWanted({ isWanted }: PublishRequest): boolean {
  return isWanted === undefined || isWanted()
}

function outcomeOf(answer: Answer, { id, epoch = '' }: PublishRequest): PublishOutcome {
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
