import type { Connection } from './connection.js'
import { partitionOfKey } from './partitions.js'

/** Topics in one command: Redis answers each of them. */
const BATCH = 256

/** Whom an ear asks, and whom it tells. */
export interface Wants {
  /** SSUBSCRIBE, which takes topics of one partition at a time. */
  readonly isSharded: boolean
  /** Whether somebody wants this topic from this master. */
  wants(topic: string): boolean
  /** All topics that somebody wants from this master. */
  all(): Iterable<string>
  /** Redis has acknowledged them. */
  heard(topics: readonly string[]): void
  /** Redis did not take them: they are to be checked again, by and by. */
  refused(topics: readonly string[], error: unknown, connection: Connection): void
  /** All topics that were wanted are heard. `wasAway`: until now they were not, and may have missed something. */
  whole(wasAway: boolean): void
}

/**
 * What one connection listens to, held equal to what is wanted. Commands of one connection are done in order, so that the
 * last one decides, and an answer counts only if nothing was asked of its topic since.
 */
export class Ear {
  private readonly asked = new Map<string, number>()
  private readonly heard = new Set<string>()
  /** Topics that Redis did not take, and that are not asked for again yet. */
  private readonly refused = new Set<string>()
  private dirty = new Set<string>()
  private connection: Connection | undefined
  private isFlushing = false
  private isMaking = false
  private wasAway = false
  private batch = 0

  constructor(private readonly wants: Wants) {}

  /** How many topics Redis has acknowledged. */
  get size(): number {
    return this.heard.size
  }

  /** Whether Redis has acknowledged a topic on the present connection. */
  hears(topic: string): boolean {
    return this.heard.has(topic)
  }

  /** There is a connection. All that is wanted is asked for; when it is all heard, `whole` follows. */
  up(connection: Connection, isAgain: boolean): void {
    this.down()
    this.connection = connection
    this.isMaking = true
    // What was missing before there was a connection is missing still.
    this.wasAway ||= isAgain
    this.askAll()
  }

  /** The connection is gone, and its subscriptions with it. */
  down(): void {
    this.connection = undefined
    this.asked.clear()
    this.heard.clear()
    this.refused.clear()
    this.dirty = new Set()
  }

  /** Redis has ended subscriptions of this connection: it does not say all of them, so that each is asked for again. */
  askAgain(): void {
    this.asked.clear()
    this.heard.clear()
    this.isMaking = this.wasAway = true
    this.askAll()
  }

  /** Somebody begins or ends to want a topic. */
  check(topic: string): void {
    if (!this.connection) return
    this.dirty.add(topic)
    this.soon()
  }

  /** What is asked for from now on is missing already: when it is heard, `whole` follows. */
  expectMore(): void {
    this.isMaking = this.wasAway = true
    this.soon()
  }

  private askAll(): void {
    for (const topic of this.wants.all()) this.dirty.add(topic)
    this.soon()
  }

  private soon(): void {
    if (this.isFlushing) return
    this.isFlushing = true
    setImmediate(() => {
      this.isFlushing = false
      this.flush()
    })
  }

  private flush(): void {
    const { connection, dirty } = this
    if (!connection) return
    this.dirty = new Set()
    const begin: string[] = []
    const end: string[] = []
    for (const topic of dirty) {
      this.refused.delete(topic)
      const has = this.asked.has(topic) || this.heard.has(topic)
      const wanted = this.wants.wants(topic)
      if (wanted && !has) begin.push(topic)
      else if (!wanted && has) end.push(topic)
    }
    for (const topics of this.batches(end)) {
      for (const topic of topics) {
        this.asked.delete(topic)
        this.heard.delete(topic)
      }
      // What Redis does not end, because the slot is elsewhere or the connection is gone, it has ended already.
      connection.send(this.wants.isSharded ? 'sunsubscribe' : 'unsubscribe', topics).catch(() => undefined)
    }
    for (const topics of this.batches(begin)) this.ask(connection, topics)
    this.judgeWhole()
  }

  private ask(connection: Connection, topics: readonly string[]): void {
    const batch = ++this.batch
    for (const topic of topics) this.asked.set(topic, batch)
    const current = (): string[] => {
      const own = connection === this.connection ? topics.filter((topic) => this.asked.get(topic) === batch) : []
      for (const topic of own) this.asked.delete(topic)
      return own
    }
    connection.send(this.wants.isSharded ? 'ssubscribe' : 'subscribe', topics).then(
      () => {
        const own = current()
        for (const topic of own) this.heard.add(topic)
        this.wants.heard(own)
        this.judgeWhole()
      },
      (error: unknown) => {
        const own = current()
        for (const topic of own) this.refused.add(topic)
        if (own.length > 0) this.wants.refused(own, error, connection)
      },
    )
  }

  private judgeWhole(): void {
    if (!this.isMaking || !this.connection) return
    if (this.asked.size > 0 || this.dirty.size > 0 || this.refused.size > 0) return
    const { wasAway } = this
    this.isMaking = this.wasAway = false
    this.wants.whole(wasAway)
  }

  private batches(topics: readonly string[]): readonly (readonly string[])[] {
    if (topics.length === 0) return []
    const groups = new Map<number, string[][]>()
    for (const topic of topics) {
      const partition = this.wants.isSharded ? partitionOfKey(topic) : 0
      const group = groups.get(partition) ?? [[]]
      groups.set(partition, group)
      const last = group.at(-1)
      if (last && last.length < BATCH) last.push(topic)
      else group.push([topic])
    }
    return [...groups.values()].flat()
  }
}
