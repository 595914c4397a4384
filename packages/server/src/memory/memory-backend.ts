import type { Since } from '@org/realtime-protocol'
import { judgeSince } from '../core/lineage.js'
import type {
  Backend,
  BackendNode,
  Broker,
  Clock,
  HistoryPage,
  HistoryQuery,
  NodeHandler,
  PresenceStore,
  PublishOutcome,
  PublishRequest,
  Random,
  Recovery,
  SessionStore,
  Timer,
} from '../ports/index.js'
import { Budget } from './budget.js'
import { MemoryControl } from './memory-control.js'
import { MemoryLog, type Appended, type Moment } from './memory-log.js'
import type { MemoryMembers } from './memory-members.js'
import { MemoryPresence } from './memory-presence.js'
import { MemorySessions } from './memory-sessions.js'

/** What a memory backend is built from. */
export interface MemoryParts {
  readonly clock: Clock
  readonly random: Random
  /** Time for which a session without a link can be resumed. */
  readonly sessionTtlMs: number
  /** Bytes that all logs and members may take together. */
  readonly maxBytes: number
  /** Sessions that are remembered. */
  readonly maxSessions: number
}

/** State of a memory backend at some moment: what a replica would hold. */
export class MemoryCheckpoint {
  /** @internal */
  readonly logs: ReadonlyMap<string, MemoryLog>
  /** @internal */
  readonly presence: ReadonlyMap<string, MemoryMembers>

  /** @internal */
  constructor(logs: ReadonlyMap<string, MemoryLog>, presence: ReadonlyMap<string, MemoryMembers>) {
    this.logs = logs
    this.presence = presence
  }
}

const SWEEP_MS = 60_000
const GENERATION_CHARACTERS = 12

/**
 * Broker, session store and presence store in the memory of one process. Logs live as long as this object: share it
 * between servers of a process, and it outlives them. It can act out a failover, with and without loss, as a replicated
 * store would.
 */
export class MemoryBackend implements Backend {
  private logs = new Map<string, MemoryLog>()
  private readonly budget: Budget
  private incarnation: string
  private readonly sessions: MemorySessions
  private readonly presence: MemoryPresence
  private readonly control = new MemoryControl()
  private readonly members = new Set<NodeHandler>()
  private readonly subscribers = new Map<string, Set<NodeHandler>>()
  private sweeping: Timer
  private isDegraded = false

  constructor(private readonly parts: MemoryParts) {
    this.incarnation = parts.random.id().slice(0, GENERATION_CHARACTERS)
    this.sessions = new MemorySessions(parts.clock, parts.random, parts.sessionTtlMs, parts.maxSessions)
    this.budget = new Budget(parts.maxBytes)
    this.presence = new MemoryPresence(parts.clock, parts.random, this.budget, () => this.tidy())
  }

  join(handler: NodeHandler): BackendNode {
    this.members.add(handler)
    this.scheduleSweep()
    if (this.isDegraded) handler.degraded(true)
    const name = this.parts.random.id()
    return {
      broker: this.brokerFor(handler),
      control: this.control.join(name, handler),
      sessions: this.sessionsFor(handler),
      presence: this.presenceFor(handler),
      close: () => Promise.resolve(this.part(handler, name)),
    }
  }

  /** What a replica would hold if it had copied everything up to now. */
  checkpoint(): MemoryCheckpoint {
    return new MemoryCheckpoint(copyLogs(this.logs), this.presence.copy())
  }

  /**
   * Has another history take over, as when a replica is promoted. With a checkpoint, whatever came after it is lost;
   * without one, nothing is. Every node is told to verify its positions.
   *
   * Presence goes with it: its members are those of the checkpoint, and every channel begins an epoch, so that watchers
   * are told the list anew. The nodes renew what they hold at once, which brings back who entered since; who left since
   * is there again until the time to live is over.
   */
  failOver(checkpoint?: MemoryCheckpoint): void {
    if (checkpoint) this.logs = copyLogs(checkpoint.logs)
    this.presence.replace(checkpoint?.presence)
    this.budget.reset([...this.logs.values(), ...this.presence.kept])
    this.incarnation = this.parts.random.id().slice(0, GENERATION_CHARACTERS)
    for (const member of this.members) member.resync()
  }

  /**
   * Acts out that the log and the list of members cannot be reached: requests reject until this is taken back. Sessions
   * go on. Afterwards every node is told to verify its positions.
   */
  setDegraded(isDegraded: boolean): void {
    if (this.isDegraded === isDegraded) return
    this.isDegraded = isDegraded
    for (const member of this.members) member.degraded(isDegraded)
    if (!isDegraded) for (const member of this.members) member.resync()
  }

  /** A port that rejects while this is degraded. What ends something always works: a node that is cut off ends it, too. */
  private interruptible<T extends Broker | PresenceStore>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function' || String(name).startsWith('un')) return method
        return (...args: unknown[]): unknown =>
          this.isDegraded ? Promise.reject(new Error('the backend is degraded')) : Reflect.apply(method, target, args)
      },
    })
  }

  private brokerFor(member: NodeHandler): Broker {
    return this.interruptible<Broker>({
      subscribe: (channel) => Promise.resolve(this.subscribe(channel, member)),
      unsubscribe: (channel) => Promise.resolve(this.unsubscribe(channel, member)),
      publish: async (request) => this.publish(request),
      relay: (channel, publication) => Promise.resolve(this.deliver(channel, { epoch: '', publication })),
      recover: (channel, since, limit) => Promise.resolve(this.recover(channel, since, limit)),
      history: (channel, query) => Promise.resolve(this.history(channel, query)),
    })
  }

  private sessionsFor(member: NodeHandler): SessionStore {
    return {
      claim: (request) => {
        const claim = this.sessions.claim(request)
        if (claim.resumed) {
          for (const other of this.members) if (other !== member) other.superseded(claim.id, claim.owner)
        }
        return Promise.resolve(claim)
      },
      confirm: (id, owner) => Promise.resolve(this.sessions.confirm(id, owner)),
      renew: (sessions) => Promise.resolve(this.sessions.renew(sessions)),
      keep: (keeper, kept) => Promise.resolve(this.sessions.keep(keeper, kept)),
      read: (id) => Promise.resolve(this.sessions.read(id)),
      release: (id, owner) => Promise.resolve(this.sessions.release(id, owner)),
    }
  }

  private presenceFor(member: NodeHandler): PresenceStore {
    const { presence } = this
    return this.interruptible<PresenceStore>({
      watch: (channel) => Promise.resolve(presence.watch(channel, member)),
      unwatch: (channel) => Promise.resolve(presence.unwatch(channel, member)),
      enter: async (channel, entrant, ttlMs) => presence.enter(channel, entrant, ttlMs),
      leave: (channel, leaver, ttlMs) => Promise.resolve(presence.leave(channel, leaver, ttlMs)),
      list: (channel, limit) => Promise.resolve(presence.list(channel, limit)),
      renew: (renewals, ttlMs) => Promise.resolve(presence.renew(renewals, ttlMs)),
      reap: (channels) => Promise.resolve(presence.reap(channels)),
    })
  }

  private subscribe(channel: string, member: NodeHandler): void {
    const members = this.subscribers.get(channel)
    if (members) members.add(member)
    else this.subscribers.set(channel, new Set([member]))
  }

  private unsubscribe(channel: string, member: NodeHandler): void {
    const members = this.subscribers.get(channel)
    members?.delete(member)
    if (members?.size === 0) this.subscribers.delete(channel)
  }

  private part(member: NodeHandler, name: string): void {
    this.control.part(name)
    this.members.delete(member)
    for (const channel of [...this.subscribers.keys()]) this.unsubscribe(channel, member)
    this.presence.part(member)
    if (this.members.size === 0) this.parts.clock.clearTimer(this.sweeping)
  }

  private publish(request: PublishRequest): PublishOutcome {
    const { channel, number } = request
    const now = this.now()
    const known = this.find(channel)
    if (!known && number && number.seq !== number.lowest) return { kind: 'out-of-order', expected: number.lowest }
    const log = known ?? new MemoryLog(request.retention, now)
    const admits: Moment['admits'] = (worst, exact) => this.budget.admits(log, worst, exact, now.now, () => this.tidy())
    const outcome = log.publish(request, { ...now, admits }, (appended) => {
      // Only a log that took a message is kept: whoever is refused leaves nothing behind.
      this.logs.set(channel, log)
      this.budget.weigh(log)
      this.deliver(channel, appended)
    })
    // A repeat by key takes a number without a message.
    if (known) this.budget.weigh(log)
    return outcome
  }

  private deliver(channel: string, { epoch, publication }: Appended): void {
    const publications = [publication]
    for (const member of this.subscribers.get(channel) ?? []) member.deliver(channel, epoch, publications)
  }

  private recover(channel: string, since: Since | undefined, limit: number): Recovery {
    const log = this.find(channel)
    if (log) return log.recover(since, limit, this.parts.clock.date())
    const { position, gap, rebase } = judgeSince(undefined, since)
    return { position, gap, rebase, head: position, publications: [] }
  }

  private history(channel: string, query: HistoryQuery): HistoryPage | undefined {
    const log = this.find(channel)
    if (log) return log.history(query, this.parts.clock.date())
    const { position, gap } = judgeSince(undefined, query.after ?? query.before)
    return gap ? undefined : { head: position, publications: [], more: false }
  }

  private find(channel: string): MemoryLog | undefined {
    const log = this.logs.get(channel)
    // A channel somebody listens to is not forgotten: its listeners would be told of a loss where there was none.
    if (!log || !log.isExpired(this.parts.clock.date()) || this.subscribers.has(channel)) return log
    this.logs.delete(channel)
    this.budget.drop(log)
    return undefined
  }

  private now(): Omit<Moment, 'admits'> {
    return {
      date: this.parts.clock.date(),
      now: this.parts.clock.now(),
      incarnation: this.incarnation,
      id: () => this.parts.random.id(),
    }
  }

  /** Lets go of what need not be kept any more. */
  private tidy(): void {
    const { clock } = this.parts
    this.presence.sweep()
    for (const channel of [...this.logs.keys()]) {
      const log = this.find(channel)
      log?.tidy(clock.date(), clock.now())
      if (log) this.budget.weigh(log)
    }
  }

  private scheduleSweep(): void {
    this.parts.clock.clearTimer(this.sweeping)
    this.sweeping = this.parts.clock.setTimer(() => {
      this.sessions.sweep()
      this.tidy()
      this.scheduleSweep()
    }, SWEEP_MS)
  }
}

function copyLogs(logs: ReadonlyMap<string, MemoryLog>): Map<string, MemoryLog> {
  return new Map([...logs].map(([channel, log]) => [channel, log.copy()]))
}
