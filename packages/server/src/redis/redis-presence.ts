import { NULL_POSITION, type Position } from '@org/realtime-protocol'
import type {
  Entrant,
  Leaver,
  MissingMember,
  PresenceHandler,
  PresenceHead,
  PresenceList,
  PresenceOutcome,
  PresenceStore,
  Random,
  Renewal,
} from '../ports/index.js'
import { byPartition, forEach } from './batches.js'
import type { Hear, RedisLine } from './line.js'
import type { NodeRegistry } from './node-registry.js'
import { bodyOf, memberOf, readChange } from './presence-text.js'

/** Members that one call renews, and channels that one call reaps. */
const BATCH = { members: 500, channels: 100 }

/** Members that one call removes, so that a large channel does not hold Redis up; the next call goes on. */
const REAPED = 1_000

const EPOCH_CHARACTERS = 10

/** What a presence store of one node is made from. */
export interface PresenceStoreParts {
  readonly line: RedisLine
  readonly random: Random
  /** Name of the node. */
  readonly node: string
  readonly registry: Pick<NodeRegistry, 'buried'>
  readonly handler: PresenceHandler
}

interface Head extends PresenceHead {
  readonly more: boolean
}

/**
 * Who is present where. Members carry the name of the node that answers for them, besides their own time: when the lease
 * of a node has ended, its members are reaped as those whose time is over.
 */
export class RedisPresence implements PresenceStore {
  private readonly watched = new Map<string, Hear>()

  constructor(private readonly parts: PresenceStoreParts) {}

  async watch(channel: string): Promise<void> {
    let hear = this.watched.get(channel)
    if (!hear) {
      hear = (text) => this.heard(channel, text)
      this.watched.set(channel, hear)
    }
    await this.parts.line.listen(this.topic(channel), hear)
  }

  async unwatch(channel: string): Promise<void> {
    const hear = this.watched.get(channel)
    this.watched.delete(channel)
    if (hear) await this.parts.line.unlisten(this.topic(channel), hear)
  }

  enter(channel: string, entrant: Entrant, ttlMs: number): Promise<PresenceOutcome> {
    return this.change('enter', channel, ttlMs, entrant, [this.parts.node, bodyOf(entrant)])
  }

  leave(channel: string, leaver: Leaver, ttlMs: number): Promise<PresenceOutcome> {
    return this.change('leave', channel, ttlMs, leaver, [])
  }

  async list(channel: string, limit: number): Promise<PresenceList> {
    const list = await this.read(channel, limit)
    if (list) return list
    // Another history serves since the last change, and nothing that was said of the old one holds for it.
    await this.reap([channel])
    return (await this.read(channel, limit)) ?? { position: NULL_POSITION, count: 0, members: [] }
  }

  async renew(renewals: readonly Renewal[], ttlMs: number): Promise<MissingMember[]> {
    const { line } = this.parts
    const pieces = renewals.flatMap(inPieces)
    const sizeOf = ({ members }: Renewal): number => members.length
    const batches = byPartition(pieces, ({ channel }) => line.partitionOf(channel), BATCH.members, sizeOf)
    const missing = await forEach(batches, (batch) => this.renewBatch(batch, ttlMs))
    const order = new Map(renewals.map(({ channel }, i) => [channel, i]))
    return missing.flat().sort((a, b) => (order.get(a.channel) ?? 0) - (order.get(b.channel) ?? 0))
  }

  async reap(channels: readonly string[]): Promise<PresenceHead[]> {
    const heads = new Map<string, Position>()
    const dead = [...(await this.parts.registry.buried())]
    let left = channels
    while (left.length > 0) {
      const batches = byPartition(left, (channel) => this.parts.line.partitionOf(channel), BATCH.channels)
      const found = (await forEach(batches, (batch) => this.reapBatch(batch, dead))).flat()
      for (const { channel, position } of found) heads.set(channel, position)
      left = found.filter(({ more }) => more).map(({ channel }) => channel)
    }
    return channels.map((channel) => ({ channel, position: heads.get(channel) ?? NULL_POSITION }))
  }

  /** Reaps wherever this node watches. */
  async reapWatched(): Promise<void> {
    await this.reap([...this.watched.keys()])
  }

  /** Watches nothing any more. */
  async close(): Promise<void> {
    await Promise.all([...this.watched.keys()].map((channel) => this.unwatch(channel).catch(() => undefined)))
  }

  private async change(
    operation: 'enter' | 'leave',
    channel: string,
    ttlMs: number,
    { session, owner, number }: Leaver,
    rest: readonly string[],
  ): Promise<PresenceOutcome> {
    const args = [
      this.fresh(),
      this.parts.line.publishCommand,
      this.topic(channel),
      ttlMs,
      session,
      owner,
      number,
      ...rest,
    ]
    const reply = await this.parts.line.call(`presence.${operation}`, this.keys(channel), args)
    if (!reply) return { kind: 'superseded' }
    const [epoch, offset] = reply as readonly [string, number]
    return { kind: 'done', position: positionOf(epoch, offset) }
  }

  /** The list; `undefined` when another history serves since it was changed last. */
  private async read(channel: string, limit: number): Promise<PresenceList | undefined> {
    type Reply = readonly [epoch: string, offset: number, isOld: number, count: number, ...members: string[]]
    const reply = (await this.parts.line.call('presence.list', this.keys(channel), [limit])) as Reply
    const [epoch, offset, isOld, count, ...fields] = reply
    if (isOld) return undefined
    const position = positionOf(epoch, offset)
    if (count > limit) return { position, count }
    const members = []
    for (let i = 0; i < fields.length; i += 2) members.push(memberOf(fields[i] ?? '', fields[i + 1] ?? ''))
    return { position, count, members }
  }

  private async renewBatch(batch: readonly Renewal[], ttlMs: number): Promise<MissingMember[]> {
    const keys = batch.flatMap(({ channel }) => this.keys(channel))
    const args = batch.flatMap(({ members }) => [
      members.length,
      ...members.flatMap(({ session, owner }) => [session, owner]),
    ])
    const missing = await this.parts.line.call('presence.renew', keys, [ttlMs, this.parts.node, ...args])
    const all = batch.flatMap(({ channel, members }) => members.map(({ session }) => ({ channel, session })))
    return (missing as readonly number[]).flatMap((i) => all[i] ?? [])
  }

  private async reapBatch(batch: readonly string[], dead: readonly string[]): Promise<Head[]> {
    const { line } = this.parts
    const args = batch.flatMap((channel) => [this.fresh(), this.topic(channel)])
    const keys = batch.flatMap((channel) => this.keys(channel))
    const reply = await line.call('presence.reap', keys, [line.publishCommand, REAPED, dead.length, ...dead, ...args])
    const heads = reply as ReadonlyArray<string | number>
    return batch.map((channel, i) => ({
      channel,
      position: positionOf(String(heads[3 * i]), Number(heads[3 * i + 1])),
      more: heads[3 * i + 2] === 1,
    }))
  }

  private heard(channel: string, text: string): void {
    const change = readChange(text)
    if (change && this.watched.has(channel)) this.parts.handler.presenceChanged(channel, change)
  }

  private keys(channel: string): [hash: string, times: string] {
    const { line } = this.parts
    return [line.key('ph', channel), line.key('pz', channel)]
  }

  private topic(channel: string): string {
    return this.parts.line.key('pb', channel)
  }

  private fresh(): string {
    return this.parts.random.id().slice(0, EPOCH_CHARACTERS)
  }
}

function positionOf(epoch: string, offset: number): Position {
  return offset === 0 ? NULL_POSITION : { epoch, offset }
}

/** A renewal in pieces that fit one call. */
function inPieces({ channel, members }: Renewal): Renewal[] {
  const pieces: Renewal[] = []
  for (let i = 0; i < members.length; i += BATCH.members) {
    pieces.push({ channel, members: members.slice(i, i + BATCH.members) })
  }
  return pieces
}
