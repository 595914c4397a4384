import { NULL_POSITION, type Position } from '@org/realtime-protocol'
import type { Entrant, Leaver, StoredMember } from '../ports/index.js'

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

  constructor(readonly epoch: string) {}

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

  enter({ owner, number, user, session, payload }: Entrant, now: number, ttlMs: number) {
    if (this.isLate({ session, owner, number }, now)) return 'superseded'
    const record = this.records.get(session)
    const member = { user, session, ...(payload === undefined ? {} : { payload }) }
    this.leaves.delete(session)
    this.records.set(session, { member, owner, number, ttlMs, expiresAt: now + ttlMs })
    return record?.member.user === user && record.member.payload === payload ? 'same' : 'changed'
  }

  /** The member that has left, without what it showed. */
  leave(leaver: Leaver, now: number, ttlMs: number): StoredMember | 'superseded' | undefined {
    if (this.isLate(leaver, now)) return 'superseded'
    const { session, owner, number } = leaver
    const record = this.records.get(session)
    this.tidy(now)
    this.leaves.delete(session)
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
      this.leaves.delete(session)
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
    for (const [session, record] of this.records) copy.records.set(session, { ...record })
    for (const [session, leave] of this.leaves) copy.leaves.set(session, leave)
    return copy
  }

  /** Whether something came after this operation already. */
  private isLate({ session, owner, number }: Leaver, now: number): boolean {
    const leave = this.leaves.get(session)
    const known = this.records.get(session) ?? (leave && leave.expiresAt > now ? leave : undefined)
    if (!known) return false
    return known.owner > owner || (known.owner === owner && known.number > number)
  }

  private remove({ member: { user, session } }: MemberRecord): StoredMember {
    this.records.delete(session)
    return { user, session }
  }
}
