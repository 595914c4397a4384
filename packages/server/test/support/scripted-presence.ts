import type { PresenceChange, PresenceList, PresenceOutcome, PresenceStore, StoredMember } from '../../src/index.js'
import { Gate } from './gate.js'

/**
 * The presence of one channel, changed by a test, behind a gate that the test opens. Readings are judged when they are
 * asked for, and answered when the gate lets them through.
 */
export class ScriptedPresence implements PresenceStore {
  readonly reading = new Gate()
  lists = 0
  watched = 0
  epoch = 'E1'
  /** How many of the next calls fail. */
  failures = 0

  private offset = 0
  private readonly members = new Map<string, StoredMember>()

  /** Has a session join or show something else; the change is given back, to be told or not. */
  join(session: string, payload?: string): PresenceChange {
    const member = { user: session, session, ...(payload === undefined ? {} : { payload }) }
    this.members.set(session, member)
    return this.change('join', member)
  }

  /** Has a session leave. */
  part(session: string): PresenceChange {
    this.members.delete(session)
    return this.change('leave', { user: session, session })
  }

  async watch(): Promise<void> {
    await this.attempt(undefined)
    this.watched += 1
  }

  unwatch(): Promise<void> {
    this.watched -= 1
    return Promise.resolve()
  }

  list(_channel: string, limit: number): Promise<PresenceList> {
    this.lists += 1
    const members = [...this.members.values()]
    const position = { epoch: this.offset > 0 ? this.epoch : '', offset: this.offset }
    const list = { position, count: members.length, ...(members.length <= limit ? { members } : {}) }
    return this.reading.after(() => this.attempt(list))
  }

  enter(): Promise<PresenceOutcome> {
    return Promise.reject(new Error('a scripted presence is changed by the script'))
  }

  leave(): Promise<PresenceOutcome> {
    return this.enter()
  }

  renew(): Promise<[]> {
    return Promise.resolve([])
  }

  reap(): Promise<[]> {
    return Promise.resolve([])
  }

  private change(kind: PresenceChange['kind'], member: StoredMember): PresenceChange {
    this.offset += 1
    return { kind, member, position: { epoch: this.epoch, offset: this.offset }, count: this.members.size }
  }

  private attempt<T>(value: T): Promise<T> {
    if (this.failures === 0) return Promise.resolve(value)
    this.failures -= 1
    return Promise.reject(new Error('the store is down'))
  }
}
