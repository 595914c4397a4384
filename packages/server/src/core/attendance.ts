import type { Limits } from '@org/realtime-protocol'
import { isBackendFull } from '../ports/index.js'
import type { Clock, Leaver, Logger, PresenceOutcome, PresenceStore } from '../ports/index.js'
import type { Session } from './session.js'
import type { TimerWheel, WheelTask } from './timer-wheel.js'
import type { Upkeep } from './upkeep.js'

/** What an attendance needs of its node. */
export interface AttendanceContext {
  readonly store: PresenceStore
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly logger: Logger
  readonly upkeep: Upkeep
  readonly limits: Pick<Limits, 'presenceGraceMs' | 'presenceTtlMs'>
  /** How long a member lives without a renewal. */
  readonly lifetimeMs: number
  /** Sessions that have entered and left here so far. */
  readonly counts: { joins: number; leaves: number }
}

/**
 * One session, held by this node, in the presence of one channel: from the request to enter until it has left, or until
 * another claim of the session has entered in its place. What it asks of the store is done in order.
 */
export class Attendance implements WheelTask {
  /** Whether the link is gone and the grace runs, so that nothing brings the member back but its client. */
  isDetached = false
  /** How often the session has entered. */
  entries = 0
  /** Whether the session has entered, as far as the store has said, and not left or been replaced since. */
  isPresent = false
  /** Whether the session has left or is to leave. */
  private isOver = false
  private isReplaced = false
  private isRestoring = false
  /** Counts what makes it doubtful that the store has what was entered last; and up to where that was cleared up. */
  private doubts = 0
  private cleared = 0
  private payload: string | undefined
  private tail: Promise<unknown> = Promise.resolve()
  /** Leaves that are on their way, or wait for those before them. */
  private leaving = 0
  private failures = 0
  private givesUpAt = 0

  constructor(
    readonly channel: string,
    readonly session: Session,
    private readonly context: AttendanceContext,
    private readonly gone: (attendance: Attendance) => void,
  ) {}

  /** Whether its node answers for the member. */
  get isHeld(): boolean {
    return !this.isOver
  }

  /** Whether the store may not have what was entered last, so that it has to be entered again. */
  get isUnsure(): boolean {
    return this.doubts > this.cleared
  }

  /** What the session shows of itself. */
  get shown(): string | undefined {
    return this.payload
  }

  /** Enters, or changes what the session shows. */
  enter(payload: string | undefined): Promise<PresenceOutcome> {
    this.payload = payload
    this.entries += 1
    this.isOver = false
    this.failures = 0
    this.context.wheel.cancel(this)
    return this.inOrder(() => this.attempt())
  }

  /** Enters once more with what the session shows, if the store may not have it: in its turn, until it is done. */
  restore(): void {
    if (this.isRestoring || !this.isLacking) return
    this.isRestoring = true
    const { upkeep } = this.context
    const enter = (): Promise<void> => this.inOrder(() => this.reenter())
    void upkeep
      .persist(
        'members',
        enter,
        () => this.isLacking,
        (error) => this.report('enter', error),
      )
      .then(() => (this.isRestoring = false))
  }

  /** The store may have lost what was entered. */
  doubt(): void {
    this.doubts += 1
  }

  /** The link is gone: leaves after the grace, unless the session has entered again by then. */
  detach(): void {
    if (this.isOver || this.isDetached) return
    this.isDetached = true
    this.context.wheel.schedule(this, this.context.limits.presenceGraceMs)
  }

  /** Another claim of the session has entered in its place. */
  replaced(): void {
    this.isOver = true
    this.isReplaced = true
    this.isPresent = false
    this.context.wheel.cancel(this)
  }

  /**
   * Leaves at once. When the store cannot be reached, it is tried again until the member's time is over.
   *
   * @param isAsked Whether somebody waits for it; else it is done in its turn.
   */
  async leave(isAsked = true): Promise<PresenceOutcome> {
    this.isOver = true
    this.context.wheel.cancel(this)
    this.leaving += 1
    try {
      const { store, upkeep, lifetimeMs } = this.context
      const ask = (): Promise<PresenceOutcome> => store.leave(this.channel, this.stamp(), lifetimeMs)
      const outcome = await this.inOrder(isAsked ? ask : () => upkeep.turn('members', ask, this.failures).done)
      this.leaving -= 1
      if (this.isPresent) this.context.counts.leaves += 1
      this.isPresent = false
      // It may have entered again while it left; and while another leave is on its way, that one is the last.
      if (!this.isHeld && this.leaving === 0) this.gone(this)
      return outcome
    } catch (error) {
      this.leaving -= 1
      this.retry()
      throw error
    }
  }

  /** The grace is over, or the time to try once more has come. */
  turn(): undefined {
    this.leave(false).catch((error: unknown) => this.report('leave', error))
  }

  private retry(): void {
    // What comes after a leave that failed says what is to be: a try of its own could come after all of it.
    if (!this.isOver || this.isReplaced || this.leaving > 0) return
    const now = this.context.clock.now()
    if (this.failures === 0) this.givesUpAt = now + this.context.limits.presenceTtlMs
    if (now >= this.givesUpAt) return this.gone(this)
    this.context.wheel.schedule(this, this.context.upkeep.delayMs(this.failures++))
  }

  /** Whether it is to be there, and the store may not have it. */
  private get isLacking(): boolean {
    return !this.isOver && !this.isDetached && this.isUnsure
  }

  private async reenter(): Promise<void> {
    try {
      // The store may lose things once more while its answer is on its way.
      while (this.isLacking) await this.attempt()
    } catch (error) {
      // A store that is full is not asked again and again: the next round does that.
      if (!isBackendFull(error)) throw error
    }
  }

  private async attempt(): Promise<PresenceOutcome> {
    const doubts = ++this.doubts
    const entrant = { user: this.session.user, payload: this.payload, ...this.stamp() }
    const outcome = await this.context.store.enter(this.channel, entrant, this.context.lifetimeMs)
    // Not, when the store has lost things while the answer was on its way.
    this.cleared = doubts
    if (outcome.kind === 'superseded') return outcome
    if (!this.isPresent) this.context.counts.joins += 1
    this.isPresent = true
    return outcome
  }

  /** The operation that is next, for the store to tell it from those before it. */
  private stamp(): Leaver {
    const { id, owner } = this.session
    return { session: id, owner, number: this.session.nextNumber(this.context.clock.date()) }
  }

  private inOrder<T>(work: () => Promise<T>): Promise<T> {
    const outcome = this.tail.then(work)
    this.tail = outcome.catch(() => undefined)
    return outcome
  }

  private report(operation: string, error: unknown): void {
    // That is said once a minute, for all.
    if (isBackendFull(error)) return
    this.context.logger.error('presence store failed', { channel: this.channel, operation, error })
  }
}
