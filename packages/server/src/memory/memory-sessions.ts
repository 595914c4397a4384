import type { Claim, ClaimRequest, Clock, HeldSession, Keeper, Kept, Random, StoredSession } from '../ports/index.js'
import { SessionsOver } from './sessions-over.js'

const NOTHING: Kept = {}

interface SessionRecord {
  owner: number
  readonly user: string | null
  /** Digest of the token that resumes it. */
  digest: string
  /** Digest of the one presented last, which resumes it as well until the next one is confirmed. */
  previous: string | undefined
  renewedAt: number
  /** What the server keeps with it. */
  kept: Kept
  /** Number of the write of this owner that it is of; 0 when an earlier owner wrote it. */
  number: number
}

/** Who holds which session, for the nodes of one process. The one that was not renewed for longest comes first. */
export class MemorySessions {
  private readonly records = new Map<string, SessionRecord>()
  private readonly over: SessionsOver

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly ttlMs: number,
    private readonly maxRecords: number,
  ) {
    this.over = new SessionsOver(ttlMs, maxRecords)
  }

  /** How many sessions are known. */
  get size(): number {
    return this.records.size
  }

  claim({ newId, resume, user, nextDigest }: ClaimRequest): Claim {
    const now = this.clock.now()
    const record = resume && this.find(resume.id, now)
    if (resume && record && record.user === user && this.fits(record, resume.digest)) {
      record.owner += 1
      record.number = 0
      record.digest = nextDigest
      record.previous = resume.digest
      this.touch(resume.id, record, now)
      return { id: resume.id, owner: record.owner, resumed: true, ...record.kept }
    }
    const begun = { owner: 1, user, digest: nextDigest, previous: undefined, renewedAt: now, kept: NOTHING, number: 0 }
    this.remember(newId, begun)
    return { id: newId, owner: 1, resumed: false }
  }

  confirm(id: string, owner: number): void {
    const record = this.records.get(id)
    if (record?.owner === owner) record.previous = undefined
  }

  renew(sessions: readonly HeldSession[]): void {
    const now = this.clock.now()
    for (const session of sessions) {
      const { id, owner, user, digest, number } = session
      const record = this.find(id, now)
      if (this.over.has(id, owner)) continue
      if (!record || record.owner < owner)
        this.remember(id, { owner, user, digest, previous: undefined, renewedAt: now, kept: keptOf(session), number })
      else if (record.owner === owner) this.touch(id, record, now)
    }
  }

  keep({ id, owner, number }: Keeper, kept: Kept): boolean {
    const record = this.find(id, this.clock.now())
    if (record?.owner !== owner || record.number > number) return false
    record.kept = keptOf(kept)
    record.number = number
    return true
  }

  release(id: string, owner: number): void {
    if ((this.records.get(id)?.owner ?? 0) > owner) return
    this.records.delete(id)
    this.over.add(id, owner, this.clock.now())
  }

  read(id: string): StoredSession | undefined {
    const record = this.find(id, this.clock.now())
    return record && { id, user: record.user, ...record.kept }
  }

  /** Drops what has expired. */
  sweep(): void {
    const now = this.clock.now()
    for (const id of [...this.records.keys()]) this.find(id, now)
    this.over.sweep(now)
  }

  private find(id: string, now: number): SessionRecord | undefined {
    const record = this.records.get(id)
    if (!record || now - record.renewedAt < this.ttlMs) return record
    this.records.delete(id)
    return undefined
  }

  private touch(id: string, record: SessionRecord, now: number): void {
    record.renewedAt = now
    this.records.delete(id)
    this.records.set(id, record)
  }

  /** Remembers a session; when there are too many, it takes the place of the one that was not renewed for longest. */
  private remember(id: string, record: SessionRecord): void {
    const [oldest] = this.records.size >= this.maxRecords ? this.records.keys() : []
    if (oldest !== undefined) this.records.delete(oldest)
    this.records.set(id, record)
    this.over.remove(id)
  }

  private fits({ digest, previous }: SessionRecord, presented: string): boolean {
    // Both are compared, so that the time taken says nothing about which one came close.
    const known = [digest, previous ?? digest].map((each) => this.random.equal(each, presented))
    return known.includes(true)
  }
}

/** What there is to keep, without what is empty. */
function keptOf({ subscriptions = [], attributes }: Kept): Kept {
  return { ...(subscriptions.length > 0 ? { subscriptions } : {}), ...(attributes === undefined ? {} : { attributes }) }
}
