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
  /** Sessions that are shown although the list did not have them, for their nodes may be about to enter them again. */
  private readonly awaited = new Set<string>()

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
    return this.total + this.awaited.size
  }

  /** Whether the members are known here. */
  get isKnown(): boolean {
    return this.texts !== undefined
  }

  /** Whether the members are few and small enough to be told. */
  get isListed(): boolean {
    return this.texts !== undefined && this.bytes <= this.bounds.bytes
  }

  /** Whether somebody is missing here who was there before, or was awaited then, as far as both are known. */
  misses(before: Roll, isAnew: boolean): boolean {
    return this.missing(before, isAnew).length > 0
  }

  /** Shows those who are missing as they were shown before. What the store says of them counts from then on. */
  await(before: Roll, isAnew: boolean): void {
    const missing = this.missing(before, isAnew)
    if (this.total + missing.length > this.bounds.members) return
    for (const session of missing) {
      this.awaited.add(session)
      this.write(session, before.texts?.get(session) ?? '')
    }
  }

  /** Takes the change that follows. */
  apply({ position, kind, member, count }: PresenceChange): void {
    this.at = position
    this.total = count
    this.awaited.delete(member.session)
    if (count > this.bounds.members) {
      this.texts = undefined
      this.bytes = 0
      this.awaited.clear()
    }
    this.remove(member.session)
    if (kind === 'join') this.put(member)
  }

  /** The members as a JSON list, if they are listed. */
  get members(): string | undefined {
    return this.texts && this.isListed ? `[${[...this.texts.values()].join(',')}]` : undefined
  }

  private missing(before: Roll, isAnew: boolean): string[] {
    const { texts } = this
    if (!texts || !before.texts) return []
    return [...(isAnew ? before.texts.keys() : before.awaited)].filter((session) => !texts.has(session))
  }

  private put(member: StoredMember): void {
    this.write(member.session, memberText(member))
  }

  private write(session: string, text: string): void {
    if (!this.texts) return
    this.texts.set(session, text)
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
