import type { WireError } from '@org/realtime-protocol'
import type { MissingMember, PresenceOutcome, Renewal } from '../ports/index.js'
import { Attendance, type AttendanceContext } from './attendance.js'
import type { Session } from './session.js'
import { wireError } from './wire-errors.js'

/** The sessions of this node that are present somewhere, and those whose links were lost a moment ago. */
export class Attendances {
  private readonly bySession = new Map<string, Map<string, Attendance>>()

  constructor(
    private readonly context: AttendanceContext,
    private readonly maxChannels: number,
  ) {}

  /** How many there are of whom the store has said so. */
  get present(): number {
    return [...this.all()].filter(({ isPresent }) => isPresent).length
  }

  /** Has a session enter a channel, or change what it shows there. */
  async enter(session: Session, channel: string, payload: string | undefined): Promise<PresenceOutcome | WireError> {
    const attendance = this.find(session, channel) ?? this.begin(session, channel)
    if (!attendance) return wireError('LIMIT_EXCEEDED')
    const outcome = await attendance.enter(payload)
    if (outcome.kind === 'superseded') {
      attendance.replaced()
      this.forget(attendance)
    }
    return outcome
  }

  /** Has a session leave a channel, whether it entered here or on another node. */
  async leave(session: Session, channel: string): Promise<PresenceOutcome> {
    const attendance = this.bySession.get(session.id)?.get(channel)
    if (attendance?.session === session) return attendance.leave()
    const { store, clock, lifetimeMs } = this.context
    const { id, owner } = session
    const leaver = { session: id, owner, number: session.nextNumber(clock.date()) }
    const outcome = await store.leave(channel, leaver, lifetimeMs)
    // An earlier link of the session was here: its grace has nothing to wait for any more.
    attendance?.replaced()
    if (attendance) this.forget(attendance)
    return outcome
  }

  /** Has a session leave everything at once, for it is over. */
  end({ id }: Session): void {
    // What cannot be told to the store now is tried again, and reported, by each attendance itself.
    for (const attendance of this.of(id)) attendance.turn()
  }

  /** The link of a session is gone. */
  detach(session: Session): void {
    for (const attendance of this.of(session.id)) if (attendance.session === session) attendance.detach()
  }

  /** Where the session of a link is present. */
  heldBy(session: Session): Attendance[] {
    return this.of(session.id).filter((attendance) => attendance.session === session && attendance.isHeld)
  }

  /** The members that this node answers for, by channel. */
  renewals(): Renewal[] {
    const members = new Map<string, Array<Renewal['members'][number]>>()
    for (const { channel, session, isHeld } of this.all()) {
      if (!isHeld) continue
      const { id, owner } = session
      const of = members.get(channel)
      if (of) of.push({ session: id, owner })
      else members.set(channel, [{ session: id, owner }])
    }
    return [...members].map(([channel, of]) => ({ channel, members: of }))
  }

  /** Enters those again that the store does not have, or may not have. */
  restore(missing: readonly MissingMember[]): void {
    for (const { channel, session } of missing) this.bySession.get(session)?.get(channel)?.doubt()
    for (const attendance of this.all()) attendance.restore()
  }

  /** The store may have lost what was entered, or what was shown: all of it is entered again with the next `restore`. */
  doubt(): void {
    for (const attendance of this.all()) attendance.doubt()
  }

  private *all(): Generator<Attendance> {
    for (const channels of this.bySession.values()) yield* channels.values()
  }

  private of(id: string): Attendance[] {
    return [...(this.bySession.get(id)?.values() ?? [])]
  }

  private find(session: Session, channel: string): Attendance | undefined {
    const attendance = this.bySession.get(session.id)?.get(channel)
    return attendance?.session === session ? attendance : undefined
  }

  /** A new attendance, in place of one of an earlier link; `undefined` when the session has as many as it may. */
  private begin(session: Session, channel: string): Attendance | undefined {
    const channels = this.bySession.get(session.id) ?? new Map<string, Attendance>()
    const own = [...channels.values()].filter((attendance) => attendance.session === session)
    if (own.length >= this.maxChannels) return undefined
    channels.get(channel)?.replaced()
    const attendance = new Attendance(channel, session, this.context, (gone) => this.forget(gone))
    channels.set(channel, attendance)
    this.bySession.set(session.id, channels)
    return attendance
  }

  private forget({ session, channel }: Attendance): void {
    const channels = this.bySession.get(session.id)
    if (channels?.get(channel)?.session !== session) return
    channels.delete(channel)
    if (channels.size === 0) this.bySession.delete(session.id)
  }
}
