import type {
  Claim,
  ClaimRequest,
  HeldSession,
  Keeper,
  Kept,
  SessionHandler,
  SessionStore,
  StoredSession,
} from '../ports/index.js'
import { byPartition, forEach } from './batches.js'
import type { RedisLine } from './line.js'

/** Characters of the records that one call renews. */
const BATCH_CHARACTERS = 65_536

/** What a record has besides what is kept with it, about. */
const RECORD_CHARACTERS = 128

/** What a session store of one node is made from. */
export interface SessionParts {
  readonly line: RedisLine
  /** Name of the node. */
  readonly node: string
  /** Time for which a session without a link can be resumed. */
  readonly ttlMs: number
  readonly handler: SessionHandler
}

type Reply = readonly [owner: number, subscriptions: string, attributes: string] | null

/**
 * Who holds which session. The claim itself tells the node that held it before, on a topic of that node in the partition
 * of the session; should the word be lost, that node learns it when it renews.
 */
export class RedisSessions implements SessionStore {
  /** Topics listened to, by partition: each from the first session of the partition on. */
  private readonly listening = new Map<number, Promise<void>>()
  private closed = false

  constructor(private readonly parts: SessionParts) {}

  async claim({ newId, resume, user, nextDigest }: ClaimRequest): Promise<Claim> {
    const { line, node, ttlMs } = this.parts
    const who = JSON.stringify(user)
    if (resume) {
      const topics = await this.topicsOf(resume.id)
      const args = [resume.digest, who, nextDigest, node, ttlMs, line.publishCommand, topics, resume.id]
      const reply = (await this.call('resume', resume.id, args)) as Reply
      if (reply) return { id: resume.id, owner: reply[0], resumed: true, ...keptOf(reply[1], reply[2]) }
    }
    await this.topicsOf(newId)
    await this.call('begin', newId, [who, nextDigest, node, ttlMs])
    return { id: newId, owner: 1, resumed: false }
  }

  async confirm(id: string, owner: number): Promise<void> {
    await this.call('confirm', id, [owner])
  }

  async renew(sessions: readonly HeldSession[]): Promise<void> {
    const { line } = this.parts
    const batches = byPartition(sessions, ({ id }) => line.partitionOf(id), BATCH_CHARACTERS, charactersOf)
    await forEach(batches, (batch) => this.renewBatch(batch))
  }

  async keep({ id, owner, number }: Keeper, kept: Kept): Promise<boolean> {
    return (await this.call('keep', id, [owner, number, ...textsOf(kept)])) === 1
  }

  async release(id: string, owner: number): Promise<void> {
    await this.call('release', id, [owner, this.parts.ttlMs])
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const reply = (await this.call('read', id, [])) as readonly [string, string, string] | null
    if (!reply) return undefined
    const [user, subscriptions, attributes] = reply
    return { id, user: JSON.parse(user) as string | null, ...keptOf(subscriptions, attributes) }
  }

  /** Ends the listening. */
  async close(): Promise<void> {
    this.closed = true
    const { line } = this.parts
    const topics = [...this.listening.keys()].map((partition) => this.topic(partition))
    this.listening.clear()
    await Promise.all(topics.map((topic) => line.unlisten(topic, this.heard).catch(() => undefined)))
  }

  private async renewBatch(batch: readonly HeldSession[]): Promise<void> {
    const { line, node, ttlMs, handler } = this.parts
    const keys = batch.map(({ id }) => line.key('s', id))
    const records = batch.flatMap((held) => {
      const { owner, user, digest, number } = held
      return [owner, JSON.stringify(user), digest, number, ...textsOf(held)]
    })
    const taken = (await line.call('sessions.renew', keys, [ttlMs, node, ...records])) as readonly number[]
    for (let i = 0; i < taken.length; i += 2) {
      const session = batch[taken[i] ?? 0]
      const owner = taken[i + 1]
      if (session && owner !== undefined && !this.closed) handler.superseded(session.id, owner)
    }
  }

  private call(fn: string, id: string, args: ReadonlyArray<string | number>): Promise<unknown> {
    return this.parts.line.call(`sessions.${fn}`, [this.parts.line.key('s', id)], args)
  }

  /** What the topics of nodes in the partition of a session begin with. This node listens to its own by then. */
  private async topicsOf(id: string): Promise<string> {
    const partition = this.parts.line.partitionOf(id)
    let listening = this.listening.get(partition)
    if (!listening) {
      listening = this.parts.line.listen(this.topic(partition), this.heard)
      this.listening.set(partition, listening)
      // Whoever asks next tries anew.
      listening.catch(() => this.listening.delete(partition))
    }
    await listening
    return this.topics(partition)
  }

  private topics(partition: number): string {
    return `${this.parts.line.partitionKey('sb', partition)}:`
  }

  private topic(partition: number): string {
    return this.topics(partition) + this.parts.node
  }

  private readonly heard = (text: string): void => {
    const [, owner, id] = /^1 (\d+) (.+)$/s.exec(text) ?? []
    // Anything else is of a version that says more.
    if (id !== undefined && !this.closed) this.parts.handler.superseded(id, Number(owner))
  }
}

function charactersOf(kept: Kept): number {
  const [subscriptions, attributes] = textsOf(kept)
  return RECORD_CHARACTERS + subscriptions.length + attributes.length
}

function textsOf({ subscriptions = [], attributes = '' }: Kept): [subscriptions: string, attributes: string] {
  return [subscriptions.length > 0 ? JSON.stringify(subscriptions) : '', attributes]
}

function keptOf(subscriptions: string, attributes: string): Kept {
  return {
    ...(subscriptions === '' ? {} : { subscriptions: JSON.parse(subscriptions) as string[] }),
    ...(attributes === '' ? {} : { attributes }),
  }
}
