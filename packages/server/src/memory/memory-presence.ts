import { NULL_POSITION, type Position } from '@org/realtime-protocol'
import type {
  Clock,
  Entrant,
  Leaver,
  MissingMember,
  PresenceChange,
  PresenceHandler,
  PresenceHead,
  PresenceList,
  PresenceOutcome,
  Random,
  Renewal,
  StoredMember,
} from '../ports/index.js'
import { BackendFullError } from '../ports/index.js'
import type { Budget } from './budget.js'
import { MemoryMembers } from './memory-members.js'
import { leaveWeight } from './weight.js'

const EPOCH_CHARACTERS = 10

/** Who is present where, for the nodes of one process. */
export class MemoryPresence {
  private channels = new Map<string, MemoryMembers>()
  private readonly watchers = new Map<string, Set<PresenceHandler>>()

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly budget: Budget,
    /** Lets go of what need not be kept any more, wherever it is. */
    private readonly makeRoom: () => void,
  ) {}

  /** How many channels are known. */
  get size(): number {
    return this.channels.size
  }

  watch(channel: string, node: PresenceHandler): void {
    const nodes = this.watchers.get(channel)
    if (nodes) nodes.add(node)
    else this.watchers.set(channel, new Set([node]))
  }

  unwatch(channel: string, node: PresenceHandler): void {
    const nodes = this.watchers.get(channel)
    nodes?.delete(node)
    if (nodes?.size === 0) this.watchers.delete(channel)
    this.forget(channel)
  }

  /** Ends all that a node watches. Its members stay until they are reaped. */
  part(node: PresenceHandler): void {
    for (const channel of [...this.watchers.keys()]) this.unwatch(channel, node)
  }

  /** @throws {@link BackendFullError} when there is no room for it. */
  enter(channel: string, entrant: Entrant, ttlMs: number): PresenceOutcome {
    const members = this.channels.get(channel) ?? new MemoryMembers(this.newEpoch())
    const now = this.clock.now()
    if (members.isLate(entrant, now)) return { kind: 'superseded' }
    if (!this.admits(members, members.growth(entrant))) throw new BackendFullError()
    this.channels.set(channel, members)
    const isChange = members.enter(entrant, now, ttlMs)
    this.budget.weigh(members)
    if (isChange) this.tell(channel, members, 'join', memberOf(entrant))
    return { kind: 'done', position: members.position }
  }

  leave(channel: string, leaver: Leaver, ttlMs: number): PresenceOutcome {
    const members = this.channels.get(channel) ?? new MemoryMembers(this.newEpoch())
    const now = this.clock.now()
    if (members.isLate(leaver, now)) return { kind: 'superseded' }
    // Who is there leaves in any case, and makes room. Of who is not, nothing is remembered in want of it.
    if (!members.has(leaver.session) && !this.admits(members, leaveWeight(leaver.session))) {
      return { kind: 'done', position: members.position }
    }
    this.channels.set(channel, members)
    const left = members.leave(leaver, now, ttlMs)
    this.budget.weigh(members)
    if (left) this.tell(channel, members, 'leave', left)
    return { kind: 'done', position: members.position }
  }

  list(channel: string, limit: number): PresenceList {
    const members = this.channels.get(channel)
    if (!members) return { position: NULL_POSITION, count: 0, members: [] }
    const { position, count } = members
    return { position, count, ...(count <= limit ? { members: members.list() } : {}) }
  }

  renew(renewals: readonly Renewal[], ttlMs: number): MissingMember[] {
    const now = this.clock.now()
    return renewals.flatMap(({ channel, members }) =>
      members
        .filter(({ session, owner }) => !this.channels.get(channel)?.renew(session, owner, now, ttlMs))
        .map(({ session }) => ({ channel, session })),
    )
  }

  reap(channels: readonly string[]): PresenceHead[] {
    return channels.map((channel) => ({ channel, position: this.reapOne(channel) }))
  }

  /** Forgets the channels whose members have been dead for as long as they lived, where no node watches. */
  sweep(): void {
    const now = this.clock.now()
    for (const [channel, members] of this.channels) {
      members.tidy(now)
      if (!this.watchers.has(channel) && members.isAbandoned(now)) this.drop(channel, members)
      else this.budget.weigh(members)
    }
  }

  /** What is kept of each channel. */
  get kept(): Iterable<MemoryMembers> {
    return this.channels.values()
  }

  /** A copy of all members, for {@link replace}. */
  copy(): ReadonlyMap<string, MemoryMembers> {
    return copyAll(this.channels, (members) => members.epoch)
  }

  /**
   * Has another history serve: these members, or the same ones. Every channel begins an epoch, since offsets of the old
   * one may have been given out that nobody here knows of.
   */
  replace(channels: ReadonlyMap<string, MemoryMembers> = this.channels): void {
    this.channels = copyAll(channels, () => this.newEpoch())
  }

  private reapOne(channel: string): Position {
    const members = this.channels.get(channel)
    if (!members) return NULL_POSITION
    for (const dead of members.reap(this.clock.now())) this.tell(channel, members, 'leave', dead)
    this.budget.weigh(members)
    const { position } = members
    this.forget(channel)
    return position
  }

  private tell(channel: string, members: MemoryMembers, kind: PresenceChange['kind'], member: StoredMember): void {
    const change = { position: members.advance(), kind, member, count: members.count }
    for (const node of this.watchers.get(channel) ?? []) node.presenceChanged(channel, change)
  }

  private admits(members: MemoryMembers, growth: number): boolean {
    return growth <= 0 || this.budget.admits(members, growth, () => growth, this.clock.now(), this.makeRoom)
  }

  /**
   * A channel nobody is in, nobody has just left and nobody watches has nothing to remember: whoever watches it next
   * reads it anew.
   */
  private forget(channel: string): void {
    const members = this.channels.get(channel)
    if (members?.isEmpty && !this.watchers.has(channel)) this.drop(channel, members)
  }

  private drop(channel: string, members: MemoryMembers): void {
    this.channels.delete(channel)
    this.budget.drop(members)
  }

  private newEpoch(): string {
    return this.random.id().slice(0, EPOCH_CHARACTERS)
  }
}

function memberOf({ user, session, payload }: Entrant): StoredMember {
  return { user, session, ...(payload === undefined ? {} : { payload }) }
}

function copyAll(
  channels: ReadonlyMap<string, MemoryMembers>,
  epochOf: (members: MemoryMembers) => string,
): Map<string, MemoryMembers> {
  return new Map([...channels].map(([channel, members]) => [channel, members.copy(epochOf(members))]))
}
