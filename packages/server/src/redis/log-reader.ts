import type { Since } from '@org/realtime-protocol'
import { headOf, isPosition, judgeSince, type Lineage } from '../core/lineage.js'
import type { HistoryPage, HistoryQuery, Recovery, StoredPublication } from '../ports/index.js'
import { LineError } from './errors.js'
import type { RedisLine } from './line.js'
import type { LogKeyring } from './log-keys.js'
import { parseEnded } from './log-state.js'
import { parseMessage } from './message-text.js'

/** What a reading shows. */
interface Reading {
  /** Absent when nobody has written to the channel, or its log is lost. */
  readonly lineage: Lineage | undefined
  /** Some messages, without a hole. */
  readonly publications: readonly StoredPublication[]
}

/** Which messages to ask for, before anything is known of the log. */
type Where = readonly ['none' | 'from' | 'last' | 'before', number]

/** Which messages an answer needs, once something is known of the log. */
interface Want {
  readonly from: number
  readonly count: number
}

/** A log can be trimmed or rotate between two readings, which are judged anew then; not again and again. */
const MAX_READINGS = 5

/**
 * Reads logs. Redis says what it has, and the node judges it, with the same code as logs in memory: there is one
 * lineage, and no second one in Lua. Mostly the first guess at what will be needed is right, and one reading is enough.
 */
export class LogReader {
  constructor(
    private readonly line: RedisLine,
    private readonly keyring: LogKeyring,
  ) {}

  /** Judges a position and reads on from it. */
  async recover(channel: string, since: Since | undefined, limit: number): Promise<Recovery> {
    const { lineage, publications } = await this.covering(channel, whereOf(since), limit, (known) => {
      const from = judgeSince(known, since).position.offset + 1
      // Behind a gap there can be another one, which the next reading tells.
      return { from, count: !known || since === undefined || from < known.first ? 0 : known.top + 1 - from }
    })
    const { position, gap, rebase } = judgeSince(lineage, since)
    return { position, gap, rebase, head: headOf(lineage), publications }
  }

  /** Reads a part of the log; `undefined` when the position is not part of it. */
  async history(channel: string, { after, before, limit }: HistoryQuery): Promise<HistoryPage | undefined> {
    const asked = after ?? before
    const where: Where = after ? ['from', after.offset + 1] : before ? ['before', before.offset] : ['last', limit]
    const wanted = (lineage: Lineage): Want & { readonly start: number; readonly end: number } => {
      const start = after ? Math.max(after.offset + 1, lineage.first) : lineage.first
      const end = before ? Math.min(before.offset, lineage.top + 1) : lineage.top + 1
      const from = after ? start : Math.max(start, end - limit)
      return { start, end, from, count: Math.max(0, end - from) }
    }
    const reading = await this.covering(channel, where, limit, (known) =>
      known && isReadable(known, asked, asked === before) ? wanted(known) : { from: 1, count: 0 },
    )
    const { lineage, publications } = reading
    const head = headOf(lineage)
    if (!isReadable(lineage, asked, asked === before)) return undefined
    if (!lineage) return { head, publications: [], more: false }
    const { start, end, from } = wanted(lineage)
    return { head, publications, more: after ? from + publications.length < end : from > start }
  }

  /** Reads until what was read holds what is wanted of it. */
  private async covering(
    channel: string,
    guess: Where,
    limit: number,
    wanted: (lineage: Lineage | undefined) => Want,
  ): Promise<Reading> {
    let where = guess
    for (let readings = 0; readings < MAX_READINGS; readings++) {
      const { lineage, publications } = await this.read(channel, where, limit)
      const { from, count } = wanted(lineage)
      const most = Math.min(count, limit)
      if (most <= 0) return { lineage, publications: [] }
      const begin = from - (publications[0]?.offset ?? Infinity)
      if (begin >= 0 && begin < publications.length) {
        return { lineage, publications: publications.slice(begin, begin + most) }
      }
      where = ['from', from]
    }
    throw new LineError(
      'UNAVAILABLE',
      `the log of ${JSON.stringify(channel)} changes too fast to be read, or has holes`,
    )
  }

  private async read(channel: string, [where, n]: Where, limit: number): Promise<Reading> {
    const answer = (await this.line.call('log.read', this.keyring.of(channel).all, [where, n, limit])) as Answer
    const [log, generation, top, first, ended, ...entries] = answer
    if (log === undefined || generation === undefined || top === undefined || first === undefined) {
      return { lineage: undefined, publications: [] }
    }
    const publications: StoredPublication[] = []
    for (let i = 0; i + 2 < entries.length; i += 3) {
      const offset = Number.parseInt(entries[i] ?? '', 10)
      const last = publications.at(-1)
      const publication = parseMessage(offset, Number.parseInt(entries[i + 1] ?? '', 10), entries[i + 2] ?? '')
      if (!publication || (last && offset !== last.offset + 1)) break
      publications.push(publication)
    }
    return { lineage: { log, generation, top, first, ended: parseEnded(ended ?? '') }, publications }
  }
}

/** Log, generation, top, first, ends of generations; then id, time and text of each message. */
type Answer = readonly [string?, string?, number?, number?, string?, ...string[]]

/** Where to read for a start, as long as nothing is known. */
function whereOf(since: Since | undefined): Where {
  if (since === undefined) return ['none', 0]
  if (since === 'start') return ['from', 1]
  return isPosition(since) ? ['from', since.offset + 1] : ['last', Math.min(since.last, Number.MAX_SAFE_INTEGER)]
}

/** Whether history can be read at a position. */
function isReadable(lineage: Lineage | undefined, asked: Since | undefined, isEnd: boolean): boolean {
  const { gap } = judgeSince(lineage, asked)
  // What was trimmed is only a loss for those who read on from it; the null position means from the start.
  const isHarmless = isEnd || (isPosition(asked) && asked.epoch === '')
  return !gap || (gap.reason === 'trimmed' && isHarmless && lineage !== undefined)
}
