import { NULL_POSITION, type Position } from '@org/realtime-protocol'
import type { Entrant, Leaver, StoredMember } from '../ports/index.js'
import { leaveWeight, memberWeight, PRESENCE_BYTES } from './weight.js'

interface MemberRecord {
  member: StoredMember
  owner: number
  number: number
  expiresAt: number
  ttlMs: number
}

/** The last operation of a session that has left. */
interface Leave {
  readonly owner: number
  readonly number: number
  /** Until when it is remembered. */
  readonly expiresAt: number
}

/** The members of one channel, how often they have changed, and who has left a moment ago. */
export class MemoryMembers {
  private readonly records = new Map<string, MemberRecord>()
  /** By session, the latest one last. */
  private readonly leaves = new Map<string, Leave>()
  private offset = 0
  private bytes = PRESENCE_BYTES

  constructor(readonly epoch: string) {}

  /** Bytes that all of it takes in memory. */
  get weight(): number {
    return this.bytes
  }

  get position(): Position {
    return this.offset === 0 ? NULL_POSITION : { epoch: this.epoch, offset: this.offset }
  }

  /** Whether nobody is there, and no leave is remembered. */
  get isEmpty(): boolean {
    return this.records.size === 0 && this.leaves.size === 0
  }

  get count(): number {
    return this.records.size
  }

  /** Counts one change, and gives its position. */
  advance(): Position {
    this.offset += 1
    return this.position
  }

  /** Whether something came after this operation already. */
  isLate({ session, owner, number }: Leaver, now: number): boolean {
    const leave = this.leaves.get(session)
    const known = this.records.get(session) ?? (leave && leave.expiresAt > now ? leave : undefined)
    if (!known) return false
    return known.owner > owner || (known.owner === owner && known.number > number)
  }

  /** Whether a session is a member. */
  has(session: string): boolean {
    return this.records.has(session)
  }

  /** Bytes that all of it grows by if somebody enters. */
  growth(entrant: Entrant): number {
    const record = this.records.get(entrant.session)
    return memberWeight(entrant) - (record ? memberWeight(record.member) : 0)
  }

  /** Makes somebody a member, or changes what it shows. Says whether there is anything to tell. */
  enter(entrant: Entrant, now: number, ttlMs: number): boolean {
    const { owner, number, user, session, payload } = entrant
    const record = this.records.get(session)
    const member = { user, session, ...(payload === undefined ? {} : { payload }) }
    this.bytes += this.growth(entrant)
    this.forget(session)
    this.records.set(session, { member, owner, number, ttlMs, expiresAt: now + ttlMs })
    return record?.member.user !== user || record.member.payload !== payload
  }

  /** The member that has left, if it was there, without what it showed. */
  leave({ session, owner, number }: Leaver, now: number, ttlMs: number): StoredMember | undefined {
    const record = this.records.get(session)
    this.tidy(now)
    this.forget(session)
    this.bytes += leaveWeight(session)
    this.leaves.set(session, { owner, number, expiresAt: now + ttlMs })
    return record && this.remove(record)
  }

  /** Whether the member is there, be it of another owner. */
  renew(session: string, owner: number, now: number, ttlMs: number): boolean {
    const record = this.records.get(session)
    if (record && record.owner < owner) Object.assign(record, { owner, number: 0 })
    if (record?.owner === owner) Object.assign(record, { ttlMs, expiresAt: now + ttlMs })
    return record !== undefined
  }

  /** Removes the members whose time is over, one with each step, so that `count` is right after each. */
  *reap(now: number): Generator<StoredMember> {
    this.tidy(now)
    for (const record of this.records.values()) if (record.expiresAt <= now) yield this.remove(record)
  }

  /** Forgets the leaves whose time is over. */
  tidy(now: number): void {
    for (const [session, { expiresAt }] of this.leaves) {
      // Those behind it were remembered later.
      if (expiresAt > now) return
      this.forget(session)
    }
  }

  list(): StoredMember[] {
    return [...this.records.values()].map(({ member }) => member)
  }

  /** Whether no leave is remembered, and every member has been dead for as long as it was to live. */
  isAbandoned(now: number): boolean {
    return (
      this.leaves.size === 0 && [...this.records.values()].every(({ expiresAt, ttlMs }) => expiresAt + ttlMs <= now)
    )
  }

  /** A copy that changes on its own, in an epoch of its own. */
  copy(epoch: string): MemoryMembers {
    const copy = new MemoryMembers(epoch)
    copy.offset = this.offset
    copy.bytes = this.bytes
    for (const [session, record] of this.records) copy.records.set(session, { ...record })
    for (const [session, leave] of this.leaves) copy.leaves.set(session, leave)
    return copy
  }

  private forget(session: string): void {
    if (this.leaves.delete(session)) this.bytes -= leaveWeight(session)
  }

  private remove({ member }: MemberRecord): StoredMember {
    const { user, session } = member
    this.records.delete(session)
    this.bytes -= memberWeight(member)
    return { user, session }
  }
}
