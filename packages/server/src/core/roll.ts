import { utf8Bytes, type Position } from '@org/realtime-protocol'
import type { PresenceChange, PresenceList, StoredMember } from '../ports/index.js'

/** Up to what members are listed. */
export interface RollBounds {
  /** Members above which they are only counted. */
  readonly members: number
  /** Bytes of all members as JSON above which they are only counted. */
  readonly bytes: number
}

/** Who is present in a channel: a list, and the changes since. Above its bounds only how many there are. */
export class Roll {
  private at: Position
  private total: number
  /** Members as JSON, by session. Absent when there were too many to keep: only a new list brings them back. */
  private texts: Map<string, string> | undefined
  private bytes = 0

  constructor(
    { position, count, members }: PresenceList,
    private readonly bounds: RollBounds,
  ) {
    this.at = position
    this.total = count
    if (members) this.texts = new Map()
    for (const member of members ?? []) this.put(member)
  }

  /** The latest change that is part of it. */
  get position(): Position {
    return this.at
  }

  /** How many members there are. */
  get count(): number {
    return this.total
  }

  /** Whether the members are known here. */
  get isKnown(): boolean {
    return this.texts !== undefined
  }

  /** Whether the members are few and small enough to be told. */
  get isListed(): boolean {
    return this.texts !== undefined && this.bytes <= this.bounds.bytes
  }

  /** Whether somebody is missing here who was there before, as far as both are known. */
  misses(before: Roll): boolean {
    if (!this.texts || !before.texts) return false
    for (const session of before.texts.keys()) if (!this.texts.has(session)) return true
    return false
  }

  /** Takes the change that follows. */
  apply({ position, kind, member, count }: PresenceChange): void {
    this.at = position
    this.total = count
    if (count > this.bounds.members) {
      this.texts = undefined
      this.bytes = 0
    }
    this.remove(member.session)
    if (kind === 'join') this.put(member)
  }

  /** The members as a JSON list, if they are listed. */
  get members(): string | undefined {
    return this.texts && this.isListed ? `[${[...this.texts.values()].join(',')}]` : undefined
  }

  private put(member: StoredMember): void {
    if (!this.texts) return
    const text = memberText(member)
    this.texts.set(member.session, text)
    this.bytes += utf8Bytes(text) + 1
  }

  private remove(session: string): void {
    const text = this.texts?.get(session)
    if (text === undefined) return
    this.texts?.delete(session)
    this.bytes -= utf8Bytes(text) + 1
  }
}

/** A member as JSON. What it shows stays the text it is. */
export function memberText({ user, session, payload }: StoredMember): string {
  const text = JSON.stringify({ user, session })
  return payload === undefined ? text : `${text.slice(0, -1)},"data":${payload}}`
}
