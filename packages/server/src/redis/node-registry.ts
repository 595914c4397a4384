import { retryDelayMs } from '../core/retry.js'
import type { Clock, Random, Timer } from '../ports/index.js'
import type { RedisLine } from './line.js'

/** Times of leases, in milliseconds. */
export interface LeaseTimes {
  /** How long a node is taken for alive after its last renewal. */
  readonly leaseMs: number
  /** Time between two renewals. */
  readonly renewMs: number
}

/** A renewal or two may be late before a lease ends. */
const RENEWALS = 6

/** A lease of this length: a node that died is noticed a renewal sooner or later than that. */
export function leaseTimes(leaseMs: number): LeaseTimes {
  return { leaseMs, renewMs: Math.floor(leaseMs / RENEWALS) }
}

/** A node that died is noticed after 25 to 35 seconds, and one that stalls for less is not. */
export const LEASE_TIMES: LeaseTimes = leaseTimes(30_000)

/** Times a lease for which it is remembered that it has ended: by then a member's own time is over, too. */
const REMEMBERED_LEASES = 4

/** Time to give a lease up in; where Redis is away it just ends. */
const LEAVE_MS = 1_000

/** What a registry is made from. */
export interface RegistryParts {
  readonly line: RedisLine
  readonly clock: Clock
  readonly random: Random
  /** Name of this node. */
  readonly node: string
  readonly times: LeaseTimes
  /** Called when leases of other nodes have ended. */
  readonly died: () => void
  /** Called when the own lease was over before it was renewed: the others may have taken this node for dead. */
  readonly lapsed: () => void
}

/** The set of leases: mark, then names with how much of their lease is left. */
type Leases = readonly [mark: string, ...rest: Array<string | number>]

/**
 * The nodes of a backend, by leases that each renews, all of it by the time of Redis.
 *
 * Who is not in the set need not be gone: the set may be a new one. And who has not renewed need not be dead: Redis may
 * have been out of reach. So after every doubt, for the time of one lease, nobody is taken for dead, and who was there
 * before counts among the others until it is seen again.
 */
export class NodeRegistry {
  /** Nodes whose lease has ended, when last looked. */
  private dead: ReadonlySet<string> = new Set()
  private readonly key: string
  private alive = new Set<string>()
  /** Who was alive before a doubt, and was not seen since. */
  private missing = new Set<string>()
  private mark: string | undefined
  private trustedFrom: number
  private failures = 0
  private renewedAt: number | undefined
  private joining: Promise<void> | undefined
  private timer: Timer
  private closed = false

  constructor(private readonly parts: RegistryParts) {
    this.key = parts.line.partitionKey('n', 0)
    this.trustedFrom = parts.clock.now() + parts.times.leaseMs
  }

  /** Takes a lease, if there is none yet, and keeps it renewed. */
  join(): Promise<void> {
    this.joining ??= this.renew()
    return this.joining
  }

  /** Names of the other nodes that live. */
  async others(): Promise<string[]> {
    await this.join()
    this.learn((await this.parts.line.call('nodes.list', [this.key], [])) as Leases)
    return [...this.alive, ...this.missing]
  }

  /** Nodes that are dead. One that stood still may live again by now, so they are looked at anew; none if that fails. */
  async buried(): Promise<ReadonlySet<string>> {
    if (this.dead.size === 0) return this.dead
    return this.others().then(
      () => this.dead,
      () => new Set(),
    )
  }

  /** The others may have been unable to renew, or the set may be another one. */
  doubt(): void {
    this.trustedFrom = this.parts.clock.now() + this.parts.times.leaseMs
    this.missing = new Set([...this.missing, ...this.alive])
    this.dead = new Set()
  }

  /** Gives the lease up. */
  async leave(): Promise<void> {
    this.closed = true
    this.parts.clock.clearTimer(this.timer)
    // One that is on its way would take it again.
    await this.joined(LEAVE_MS)
    if (this.renewedAt === undefined) return
    await this.parts.line.call('nodes.leave', [this.key], [this.parts.node], { deadlineMs: LEAVE_MS })
  }

  /** Waits for a renewal that is on its way, but not for a Redis that is away: then the lease just ends. */
  private async joined(withinMs: number): Promise<void> {
    const { clock } = this.parts
    let timer: Timer
    const late = new Promise<void>((resolve) => {
      timer = clock.setTimer(resolve, withinMs)
    })
    await Promise.race([this.joining?.catch(() => undefined), late])
    clock.clearTimer(timer)
  }

  private async renew(): Promise<void> {
    const { line, clock, random, node, times, lapsed } = this.parts
    const args = [node, times.leaseMs, times.leaseMs * REMEMBERED_LEASES, random.id()]
    try {
      const leases = (await line.call('nodes.renew', [this.key], args)) as Leases
      // Whoever was cut off or stood still for so long cannot tell who else was.
      const now = clock.now()
      const sinceMs = now - (this.renewedAt ?? now)
      if (sinceMs > times.leaseMs / 2) this.doubt()
      this.renewedAt = now
      this.failures = 0
      this.bury(this.learn(leases))
      this.schedule(times.renewMs)
      if (sinceMs > times.leaseMs && !this.closed) lapsed()
    } catch (error) {
      this.schedule(retryDelayMs(this.failures++, this.parts.random))
      throw error
    }
  }

  private schedule(delayMs: number): void {
    if (this.closed) return
    this.timer = this.parts.clock.setTimer(() => {
      this.joining = this.renew()
      // Told by the line, and tried again.
      this.joining.catch(() => undefined)
    }, delayMs)
  }

  /** Takes over who is alive, and gives the names of those whose lease has ended. */
  private learn([mark, ...leases]: Leases): Set<string> {
    if (this.mark !== undefined && this.mark !== mark) this.doubt()
    this.mark = mark
    const alive = new Set<string>()
    const ended = new Set<string>()
    for (let i = 0; i < leases.length; i += 2) {
      const name = String(leases[i])
      if (name !== this.parts.node) (Number(leases[i + 1]) > 0 ? alive : ended).add(name)
    }
    this.alive = alive
    for (const name of alive) this.missing.delete(name)
    if (this.dead.size > 0) this.dead = new Set([...this.dead].filter((name) => !alive.has(name)))
    return ended
  }

  /** Takes nodes for dead, unless there is doubt. */
  private bury(ended: ReadonlySet<string>): void {
    const { clock, died } = this.parts
    if (clock.now() < this.trustedFrom) return
    this.missing.clear()
    const isNews = [...ended].some((name) => !this.dead.has(name))
    this.dead = ended
    if (isNews && !this.closed) died()
  }
}
