import type { Data, Limits, PresenceMember, WireError } from '@org/realtime-protocol'
import { isBackendFull } from '../ports/index.js'
import type {
  Clock,
  Logger,
  PresenceChange,
  PresenceHandler,
  PresenceList,
  PresenceOutcome,
  PresenceStore,
  Timer,
} from '../ports/index.js'
import { Attendances } from './attendances.js'
import type { Connection } from './connection.js'
import type { Declarations } from './declarations.js'
import { PresenceEntry } from './presence-entry.js'
import type { Told } from './presence-frames.js'
import { PresenceHub } from './presence-hub.js'
import { Roll } from './roll.js'
import type { Session } from './session.js'
import type { TimerWheel } from './timer-wheel.js'
import type { Upkeep } from './upkeep.js'
import { isWireError, wireError } from './wire-errors.js'

/** What presence needs of its node. */
export interface PresenceParts {
  readonly store: PresenceStore
  readonly declarations: Declarations
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly logger: Logger
  readonly upkeep: Upkeep
  readonly limits: Limits
}

/** Who is present in a channel, as the application gets it. */
export interface PresentMembers<T = Data> {
  /** How many members there are: one for each session. */
  readonly count: number
  /** The members; absent when there are more than `presenceMembers`. */
  readonly members?: ReadonlyArray<PresenceMember & { readonly data?: T }>
}

/**
 * The presence of one node: the sessions here that are present somewhere, and the channels that somebody here watches.
 *
 * A node renews its members every quarter of `presenceTtlMs`, for three quarters of it, and reaps where it has members
 * or watchers. So of a node that died, nobody is present after `presenceTtlMs`. After the store was out of reach, or
 * another history has taken over, nobody is reaped for one round: every node says first who is still there.
 */
export class Presence implements PresenceHandler {
  readonly entry: PresenceEntry
  readonly attendances: Attendances
  readonly hub: PresenceHub
  /** Sessions that have entered and left here so far. */
  readonly counts = { joins: 0, leaves: 0 }

  private readonly roundMs: number
  private readonly lifetimeMs: number
  private timer: Timer
  private failures = 0
  private reapsFrom = 0
  private closed = false

  constructor(private readonly parts: PresenceParts) {
    const { limits } = parts
    this.roundMs = limits.presenceTtlMs / 4
    this.lifetimeMs = limits.presenceTtlMs - this.roundMs
    this.entry = new PresenceEntry(parts.declarations, parts.logger, limits)
    this.attendances = new Attendances({ ...parts, lifetimeMs: this.lifetimeMs, counts: this.counts }, limits.channels)
    this.hub = new PresenceHub(parts, (channel, limit) => this.list(channel, limit))
    this.schedule(this.roundMs)
  }

  /** Has a session enter a channel that admits it, or change what it shows there. Never rejects. */
  enter(session: Session, channel: string, payload: string | undefined): Promise<PresenceOutcome | WireError> {
    return this.done(channel, 'enter', this.attendances.enter(session, channel, payload))
  }

  /** Has a session leave a channel at once. Never rejects. */
  leave(session: Session, channel: string): Promise<PresenceOutcome | WireError> {
    return this.done(channel, 'leave', this.attendances.leave(session, channel))
  }

  /** Who is present, for a client: from what this node knows, if it watches the channel. Never rejects. */
  async look(channel: string): Promise<Told | WireError> {
    const known = this.hub.get(channel)
    if (known?.told && known.isFresh) return known.told
    const list = await this.read(channel)
    return isWireError(list) ? list : new Roll(list, this.hub.bounds)
  }

  /** Who is present, for the application. Never rejects. */
  async present(channel: string): Promise<PresentMembers | WireError> {
    const found = this.entry.find(channel, null)
    const list = isWireError(found) ? found : await this.read(channel)
    if (isWireError(list)) return list
    const { count, members } = list
    return { count, ...(members ? { members: members.map(parsed) } : {}) }
  }

  /** A session is over: it leaves everything at once. */
  end(session: Session): void {
    this.attendances.end(session)
  }

  /** A link is over: its session leaves after the grace, unless another link of it enters by then. */
  detach(connection: Connection): void {
    this.hub.detach(connection)
    if (connection.session) this.attendances.detach(connection.session)
  }

  presenceChanged(channel: string, change: PresenceChange): void {
    this.hub.deliver(channel, change)
  }

  /** Changes may have been lost, or another history may serve: says who is here, and reads what is watched. */
  resync(): void {
    this.reapsFrom = this.parts.clock.now() + this.roundMs
    this.attendances.doubt()
    this.hub.resync()
    this.schedule(0)
  }

  /** Lets go. Members of this node have the grace from now on to come back on another one. */
  async close(): Promise<void> {
    this.closed = true
    this.parts.clock.clearTimer(this.timer)
    this.hub.stop()
    const renewals = this.attendances.renewals()
    if (renewals.length === 0) return
    try {
      await this.parts.store.renew(renewals, this.parts.limits.presenceGraceMs)
    } catch (error) {
      this.report('renew', error)
    }
  }

  private schedule(delayMs: number): void {
    if (this.closed) return
    const { clock } = this.parts
    clock.clearTimer(this.timer)
    this.timer = clock.setTimer(() => {
      // Set before the round, which may wait for a store that does not answer.
      this.schedule(this.roundMs)
      this.round().catch((error: unknown) => this.failed(error))
    }, delayMs)
  }

  private async round(): Promise<void> {
    const { store, clock } = this.parts
    const began = clock.now()
    const renewals = this.attendances.renewals()
    const missing = renewals.length > 0 ? await store.renew(renewals, this.lifetimeMs) : []
    if (this.closed) return
    this.attendances.restore(missing)
    if (this.failures > 0) this.reapsFrom = began + this.roundMs
    this.failures = 0
    const channels = [...new Set([...renewals.map(({ channel }) => channel), ...this.hub.names])]
    if (channels.length === 0 || began < this.reapsFrom) return
    const heads = await store.reap(channels)
    if (!this.closed) this.hub.verify(heads)
  }

  private failed(error: unknown): void {
    this.report('renew', error)
    this.schedule(this.parts.upkeep.delayMs(this.failures++))
  }

  /** Reads the members of a channel, those whose time is over taken out first. */
  private async list(channel: string, limit: number): Promise<PresenceList> {
    const { store, clock } = this.parts
    if (this.failures === 0 && clock.now() >= this.reapsFrom) await store.reap([channel])
    return store.list(channel, limit)
  }

  private async read(channel: string): Promise<PresenceList | WireError> {
    try {
      return await this.list(channel, this.parts.limits.presenceMembers)
    } catch (error) {
      this.report('list', error, channel)
      return wireError('UNAVAILABLE')
    }
  }

  private async done(
    channel: string,
    operation: string,
    work: Promise<PresenceOutcome | WireError>,
  ): Promise<PresenceOutcome | WireError> {
    try {
      const outcome = await work
      if (!isWireError(outcome) && outcome.kind === 'done') this.hub.expect(channel, outcome.position)
      return outcome
    } catch (error) {
      if (isBackendFull(error)) return wireError('UNAVAILABLE', { message: error.message })
      this.report(operation, error, channel)
      return wireError('UNAVAILABLE')
    }
  }

  private report(operation: string, error: unknown, channel?: string): void {
    this.parts.logger.error('presence store failed', { ...(channel ? { channel } : {}), operation, error })
  }
}

function parsed({ user, session, payload }: NonNullable<PresenceList['members']>[number]): PresenceMember {
  return { user, session, ...(payload === undefined ? {} : { data: JSON.parse(payload) as Data }) }
}
