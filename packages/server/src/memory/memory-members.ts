import type { Position } from '@org/realtime-protocol'
import type { Entrant, StoredMember } from '../ports/index.js'

interface MemberRecord {
  member: StoredMember
  owner: number
  expiresAt: number
  ttlMs: number
}

/** The members of one channel, and how often they have changed. */
export class MemoryMembers {
  private readonly records = new Map<string, MemberRecord>()
  private offset = 0

  constructor(readonly epoch: string) {}

  get position(): Position {
    return { epoch: this.epoch, offset: this.offset }
  }

  get count(): number {
    return this.records.size
  }

  /** Counts one change, and gives its position. */
  advance(): Position {
    this.offset += 1
    return this.position
  }

  enter({ owner, user, session, payload }: Entrant, now: number, ttlMs: number): 'changed' | 'same' | 'superseded' {
    const record = this.records.get(session)
    if (record && record.owner > owner) return 'superseded'
    const member = { user, session, ...(payload === undefined ? {} : { payload }) }
    this.records.set(session, { member, owner, ttlMs, expiresAt: now + ttlMs })
    return record?.member.user === user && record.member.payload === payload ? 'same' : 'changed'
  }

  /** The member that has left, without what it showed. */
  leave(session: string, owner: number): StoredMember | 'superseded' | undefined {
    const record = this.records.get(session)
    if (!record) return undefined
    return record.owner > owner ? 'superseded' : this.remove(record)
  }

  /** Whether the member is there, be it of another owner. */
  renew(session: string, owner: number, now: number, ttlMs: number): boolean {
    const record = this.records.get(session)
    if (record && record.owner <= owner) Object.assign(record, { owner, ttlMs, expiresAt: now + ttlMs })
    return record !== undefined
  }

  /** Removes the members whose time is over, one with each step, so that `count` is right after each. */
  *reap(now: number): Generator<StoredMember> {
    for (const record of this.records.values()) if (record.expiresAt <= now) yield this.remove(record)
  }

  list(): StoredMember[] {
    return [...this.records.values()].map(({ member }) => member)
  }

  /** Whether every member has been dead for as long as it was to live. */
  isAbandoned(now: number): boolean {
    return [...this.records.values()].every(({ expiresAt, ttlMs }) => expiresAt + ttlMs <= now)
  }

  /** A copy that changes on its own, in an epoch of its own. */
  copy(epoch: string): MemoryMembers {
    const copy = new MemoryMembers(epoch)
    copy.offset = this.offset
    for (const [session, record] of this.records) copy.records.set(session, { ...record })
    return copy
  }

  private remove({ member: { user, session } }: MemberRecord): StoredMember {
    this.records.delete(session)
    return { user, session }
  }
}
