import type { JoinFrame, LeaveFrame, Position, PresenceMember } from '@org/realtime-protocol'

/** Who is present in one channel, by session. PROTOCOL.md §3.9. */
export class FakePresence {
  private readonly members = new Map<string, PresenceMember>()
  private changes = 0

  constructor(
    private readonly channel: string,
    private readonly epoch: string,
    /** Tells whoever watches. */
    private readonly tell: (frame: JoinFrame | LeaveFrame) => void,
  ) {}

  /** Who is there. */
  get list(): readonly PresenceMember[] {
    return [...this.members.values()]
  }

  /** The latest change. */
  get position(): Position {
    return this.changes ? { epoch: this.epoch, offset: this.changes } : { epoch: '', offset: 0 }
  }

  /** Somebody is there, or shows something else now. */
  enter(member: PresenceMember): void {
    const before = this.members.get(member.session)
    if (before && JSON.stringify(before) === JSON.stringify(member)) return
    this.members.set(member.session, member)
    this.changes += 1
    this.tell({ type: 'join', channel: this.channel, ...member, ...this.position })
  }

  /** Somebody is gone. */
  leave(session: string): void {
    const member = this.members.get(session)
    if (!member) return
    this.members.delete(session)
    this.changes += 1
    this.tell({ type: 'leave', channel: this.channel, user: member.user, session, ...this.position })
  }
}
