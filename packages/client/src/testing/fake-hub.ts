import {
  CLOSE_CODES,
  channelTemplate,
  DEFAULT_LIMITS,
  type CloseCodeName,
  type Mode,
  type Publication,
  type ServerFrame,
  type WireError,
} from '@org/realtime-protocol'
import type { Clock } from '../ports/clock.js'
import type { FakeLink } from './fake-link.js'
import { FakeLog, type Draft } from './fake-log.js'
import { FakePresence } from './fake-presence.js'
import type {
  CallHandler,
  FakeCredentials,
  FakeIdentity,
  PublishJudge,
  ReceivedCall,
  ReceivedMessage,
  ReceivedSubscribe,
} from './fake-types.js'
import { Received } from './received.js'

/** A session, which outlives its links. */
export interface FakeSession {
  readonly id: string
  readonly user: string | null
  /** Ids of publishes that came, so that one that is sent again is known. */
  readonly publishes: Set<string>
  producer: string
  link: FakeLink | undefined
}

/** What all links of a fake server share. */
export class FakeHub {
  readonly links = new Set<FakeLink>()
  readonly sessions = new Map<string, FakeSession>()
  readonly methods = new Map<string, CallHandler>()
  readonly judges = new Map<string, PublishJudge<never>>()
  readonly refused = new Map<string, WireError>()
  readonly modes = new Map<string, Mode>()
  readonly publishes: Received<ReceivedMessage>
  readonly sends: Received<ReceivedMessage>
  readonly calls: Received<ReceivedCall>
  readonly subscribes: Received<ReceivedSubscribe>
  isDegraded = false
  isPlugged = true
  private readonly logs = new Map<string, FakeLog>()
  private readonly presences = new Map<string, FakePresence>()
  private count = 0

  constructor(
    readonly clock: Clock & { date?(): number },
    private readonly latencyMs: number,
    readonly authenticate: (credentials: FakeCredentials) => FakeIdentity | null | Promise<FakeIdentity | null>,
    readonly user: string | null,
  ) {
    const message = ({ channel, data }: ReceivedMessage): string => `${channel} ${JSON.stringify(data)}`
    this.publishes = new Received(clock, message)
    this.sends = new Received(clock, message)
    this.calls = new Received(clock, ({ method, input }) => `${method} ${JSON.stringify(input)}`)
    this.subscribes = new Received(clock, ({ channel }) => channel)
  }

  /** A name nothing here has had. */
  name(kind: string): string {
    return `${kind}${++this.count}`
  }

  /** Does something when it has come to the other end: never in this turn. */
  later(does: () => void): void {
    if (this.latencyMs > 0) this.clock.setTimer(does, this.latencyMs)
    else void Promise.resolve().then(does)
  }

  /** The log of a channel; that of a user's personal channel is under `@` and the user. */
  log(key: string): FakeLog {
    let log = this.logs.get(key)
    if (!log) {
      const mode = this.ruleFor(this.modes, key)
      const channel = key.startsWith('@') ? '@' : key
      log = new FakeLog(channel, mode === 'log' ? undefined : mode, () => this.name('epoch'))
      this.logs.set(key, log)
    }
    return log
  }

  presence(channel: string): FakePresence {
    let presence = this.presences.get(channel)
    if (!presence) {
      const tell = (frame: ServerFrame) => {
        for (const link of this.links) if (link.watched.has(channel)) link.say(frame)
      }
      this.presences.set(channel, (presence = new FakePresence(channel, this.name('presence'), tell)))
    }
    return presence
  }

  /** What was said of a channel by its name or its template; the latest word counts. */
  ruleFor<T>(rules: ReadonlyMap<string, T>, channel: string): T | undefined {
    const fitting = [...rules].filter(([template]) => template === channel || channelTemplate(template).match(channel))
    return fitting.at(-1)?.[1]
  }

  /** Stores a message and hands it to whoever subscribes. */
  publish(key: string, draft: Omit<Draft, 'at'>): Publication {
    const at = this.clock.date?.() ?? Date.now()
    const publication = this.log(key).append({ ...draft, at })
    for (const link of this.subscribers(key)) link.say({ type: 'publication', ...publication })
    return publication
  }

  subscribers(key: string): readonly FakeLink[] {
    return [...this.links].filter((link) => link.subscriptions.has(key))
  }

  /** The log that a name means for a user. */
  keyOf(channel: string, user: string | null): string {
    return channel === '@' ? `@${user ?? ''}` : channel
  }

  /** A session has no link any more. If it does not come back in time, it is no longer present anywhere. */
  lose(session: FakeSession): void {
    session.link = undefined
    const timer = this.clock.setTimer(() => {
      if (!session.link) this.absent(session)
    }, DEFAULT_LIMITS.presenceGraceMs)
    // A timer of Node is not to keep the test process waiting.
    ;(timer as { unref?(): void } | undefined)?.unref?.()
  }

  /** A session is over: it cannot be resumed, and is present nowhere. */
  forget(session: FakeSession): void {
    this.sessions.delete(session.id)
    this.absent(session)
  }

  private absent({ id }: FakeSession): void {
    for (const presence of this.presences.values()) presence.leave(id)
  }

  /** The number and the words of a close code. */
  close(code: CloseCodeName | number): { readonly code: number; readonly reason: string } {
    return typeof code === 'number' ? { code, reason: '' } : CLOSE_CODES[code]
  }
}
