import type { CloseCodeName, Limits, Mode, Position, WireError } from '@org/realtime-protocol'
import type {
  Backend,
  BackendFullError,
  BackendNode,
  Broker,
  Clock,
  Control,
  Diagnostics,
  DiagnosticsName,
  LogFields,
  Logger,
  Metrics,
  NodeHandler,
  PresenceChange,
  Random,
  SessionStore,
  StoredPublication,
  StoredSession,
} from '../ports/index.js'
import { AbsentSessions } from './absent.js'
import { admit, type Admission, type Authenticate, type Credentials } from './admission.js'
import { Calling } from './calling.js'
import { takeCensus } from './census.js'
import type { ChannelContext } from './channel.js'
import type { Declarations } from './declarations.js'
import { Dismissals } from './dismissals.js'
import { Door } from './door.js'
import { Drain, type DrainPace } from './drain.js'
import { encoded } from './encoded-frame.js'
import { Endings } from './endings.js'
import { watchFull } from './full-backend.js'
import { Hub } from './hub.js'
import { Instruments } from './instruments.js'
import { counted, measured } from './measured.js'
import { Presence } from './presence.js'
import { Methods } from './methods.js'
import { Publishing } from './publishing.js'
import { Reach } from './reach.js'
import { Renewal } from './renewal.js'
import { Seldom } from './seldom.js'
import { SessionRegistry } from './session-registry.js'
import { SparingLogger } from './sparing.js'
import { TimerWheel } from './timer-wheel.js'
import { Upkeep } from './upkeep.js'
import { wireError } from './wire-errors.js'
import { Writer } from './writer.js'

/** What a node is built from. */
export interface NodeParts {
  readonly backend: Backend
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  readonly diagnostics: Diagnostics
  readonly limits: Limits
  readonly writeDelayMs: number
  readonly declarations: Declarations
  readonly authenticate: Authenticate | undefined
}

/** What somebody can be refused by: a limit of PROTOCOL.md §8, or a bound that is no number. */
export type LimitName = keyof Limits | 'origins' | 'maxBytes'

/** Time between two looks at the deadlines of links. */
const WHEEL_TICK_MS = 500

/** One server process: the links, sessions and channels it holds, and the ports it reaches the rest by. */
export class Node implements NodeHandler, ChannelContext {
  readonly clock: Clock
  readonly random: Random
  readonly logger: SparingLogger
  readonly limits: Limits
  readonly writeDelayMs: number
  readonly instruments: Instruments
  readonly broker: Broker
  readonly sessions: SessionStore
  readonly control: Control
  readonly declarations: Declarations
  readonly dismissals: Dismissals
  readonly reach: Reach
  readonly hub: Hub
  readonly publishing: Publishing
  readonly presence: Presence
  readonly writer: Writer
  readonly wheel: TimerWheel
  readonly upkeep: Upkeep
  readonly registry = new SessionRegistry()
  readonly absent: AbsentSessions
  readonly endings: Endings
  readonly door: Door
  readonly methods: Methods
  readonly calling: Calling
  /** Whether the log cannot be reached at the moment. */
  isDegraded = false
  private readonly seldom = new Seldom(60_000)

  private readonly backend: BackendNode
  private readonly renewal: Renewal
  private leaving: Drain | undefined

  constructor(private readonly parts: NodeParts) {
    const { clock, random, limits, writeDelayMs } = parts
    const logger = new SparingLogger(parts.logger, clock, () => this.isDegraded)
    this.clock = clock
    this.random = random
    this.logger = logger
    this.limits = limits
    this.writeDelayMs = writeDelayMs
    this.upkeep = new Upkeep(parts)
    this.backend = parts.backend.join(this, parts.logger)
    this.instruments = new Instruments(parts.metrics, () => takeCensus(this))
    const broker = measured(this.backend.broker, this.instruments, clock, parts.diagnostics('publish'))
    this.broker = watchFull(broker, (error) => this.full(error))
    this.sessions = counted(this.backend.sessions, this.instruments.failures)
    this.control = counted(this.backend.control, this.instruments.failures)
    this.declarations = parts.declarations
    this.dismissals = new Dismissals(clock)
    this.reach = new Reach(this)
    this.hub = new Hub(this)
    this.publishing = new Publishing(this.broker, parts.declarations, clock, logger)
    this.methods = new Methods(logger)
    this.calling = new Calling(this)
    this.writer = new Writer(clock, writeDelayMs)
    this.wheel = new TimerWheel(clock, WHEEL_TICK_MS)
    this.absent = new AbsentSessions(clock, limits.sessionTtlMs, limits.connections)
    this.endings = new Endings(this)
    this.door = new Door(this)
    this.presence = new Presence({
      ...parts,
      logger,
      store: watchFull(counted(this.backend.presence, this.instruments.failures), (error) => this.full(error)),
      wheel: this.wheel,
      upkeep: this.upkeep,
    })
    this.renewal = new Renewal(this, limits.sessionTtlMs / 3)
  }

  /** Clients will come: the backend gets ready. */
  open(): void {
    this.backend.open?.()
  }

  /** Takes note that a limit was met and somebody was refused. The one place that all of them pass. */
  limited(limit: LimitName, fields: LogFields = {}): void {
    this.instruments.limited.add(limit)
    this.logger.debug('limited', { limit, ...fields })
    this.trace('limited', { limit, ...fields })
  }

  /** Tells tools of an event, if any listens. */
  trace(name: DiagnosticsName, event: object): void {
    const channel = this.parts.diagnostics(name)
    if (channel.hasSubscribers) channel.publish(event)
  }

  private full({ message }: BackendFullError): void {
    this.limited('maxBytes')
    this.warn('the backend is full: publishes are refused, and members', { message })
  }

  /** Warns of what strangers can cause as often as they like: once a minute for each message. */
  warn(message: string, fields: LogFields): void {
    if (this.seldom.isDue(message, this.clock.now())) this.logger.warn(message, fields)
  }

  /** Asks the application who somebody is. */
  admit(credentials: Credentials): Promise<Admission | CloseCodeName> {
    return admit(this.parts.authenticate, credentials, this)
  }

  /** The record of a session, whoever holds it. Never rejects. */
  async readSession(id: string): Promise<StoredSession | WireError | undefined> {
    try {
      return await this.sessions.read(id)
    } catch (error) {
      this.logger.error('session store failed', { operation: 'read', error })
      return wireError('UNAVAILABLE', { message: 'the session store cannot be reached' })
    }
  }

  /** Whether a name is one of a channel. */
  isDeclared(name: string): boolean {
    return this.parts.declarations.resolve(name) !== undefined
  }

  modeOf(name: string): Mode {
    return this.parts.declarations.resolve(name)?.declaration.mode ?? 'log'
  }

  deliver(channel: string, epoch: string, publications: readonly StoredPublication[]): void {
    const date = this.clock.date()
    // Two clocks may disagree by more than a message takes.
    for (const { at } of publications) this.instruments.deliveryTook(Math.max(0, date - at) / 1_000)
    this.hub.deliver(channel, epoch, publications)
  }

  degraded(isDegraded: boolean): void {
    if (this.isDegraded === isDegraded) return
    this.isDegraded = isDegraded
    if (isDegraded) this.logger.warn('the log cannot be reached')
    else this.logger.info('the log can be reached again')
    const frame = encoded({ type: 'state', degraded: isDegraded })
    for (const { connection } of this.registry.all()) if (connection.isOpen) connection.send(frame)
  }

  resync(): void {
    this.endings.resync()
    this.renewal.resync()
    this.hub.resync()
    this.presence.resync()
  }

  verify(channel: string, head: Position): void {
    this.hub.verify(channel, head)
  }

  heard(from: string, text: string): void {
    this.reach.fellows.heard(from, text)
  }

  presenceChanged(channel: string, change: PresenceChange): void {
    this.presence.presenceChanged(channel, change)
  }

  superseded(id: string, owner: number): void {
    this.registry.superseded(id, owner)
    this.absent.remove(id, owner)
    this.endings.remove(id, owner)
  }

  /** Whether this node means to stay. False as soon as it is told to close, while its links are still served. */
  get isReady(): boolean {
    return !this.leaving
  }

  /** Whether new links are turned away. */
  get isClosing(): boolean {
    return this.leaving?.refuses ?? false
  }

  /** Sends every link away with a word to come back, and lets go of the backend. */
  async close(pace: DrainPace): Promise<void> {
    this.leaving = new Drain(this.door.links, pace, this.clock)
    await this.leaving.run()
    this.reach.fellows.close()
    this.hub.close()
    this.wheel.stop()
    this.renewal.stop()
    await Promise.all([this.endings.close(), this.presence.close()])
    this.upkeep.close()
    await this.backend.close()
    this.logger.close()
  }

  /** Has a closing that takes its time end at once. */
  hasten(): void {
    this.leaving?.hasten()
  }
}
