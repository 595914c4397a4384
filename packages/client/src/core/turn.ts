import type { CallFrame, ClientFrame, Position } from '@org/realtime-protocol'
import type { RealtimeError } from './errors.js'
import type { TokenReason } from './events.js'

/** What a step wants done, by name and arguments. The shell does all of it, in order, before it takes the next input. */
export type Deed =
  | readonly ['dial', link: number, url: string]
  | readonly ['send', link: number, frame: ClientFrame]
  | readonly ['hangup', link: number, code: number, reason: string]
  /** Sets a timer, in place of one with this name; without a time, clears it. */
  | readonly ['timer', name: string, ms?: number | undefined]
  | readonly ['token', attempt: number, reason: TokenReason]

/** What reaches the application. It stands last in the list, so that listeners find everything done. */
export type News =
  | readonly ['emit', event: string, detail: object, channel?: string]
  /** What was told so far is delivered: this is where the channel stands now. */
  | readonly ['position', channel: string, position: Position | undefined]
  | readonly ['settle', id: string, error: RealtimeError | undefined, value?: unknown]
  /** The server calls a method. */
  | readonly ['call', link: number, call: CallFrame]
  /** Nobody waits any more for one call of the server, or for all those of a link. */
  | readonly ['cancel', link: number, ref?: number]

/** All that a step can want. */
export type Effect = Deed | News

/** One step: the time it happens at, and what it wants done. */
export interface Turn {
  readonly now: number
  readonly deeds: Deed[]
  readonly news: News[]
  /** Wants something done. */
  act(...deed: Deed): void
  /** Says something to the server, if there is a link to it. */
  send(frame: ClientFrame): void
  /** Tells the application something. */
  say(...news: News): void
  /** Sets a timer, in place of one with this name. One that does nothing is set for the flush after it. */
  timer(name: string, ms: number, fires?: Fires): void
  /** Clears a timer, if it is set. */
  cancel(name: string): void
  /** Whether a timer is set. */
  waits(name: string): boolean
  /** A number no link, request or subscription has had. Later ones are larger. */
  next(): number
  /** How long to wait before an attempt: the back-off, spread by the chance of this turn. */
  delay(attempt: number, floorMs?: number): number
}

/** What a timer was set for. */
export type Fires = (turn: Turn) => void

/** What outlives a turn: the numbers given out, and the timers that are set. */
export interface Ledger {
  count: number
  readonly timers: Map<string, Fires>
  /** The link that requests go to. */
  link?: { readonly id: number; readonly phase: string } | undefined
}

/** How long to wait between attempts. */
export interface BackoffLimits {
  /** Shortest wait. */
  readonly minMs: number
  /** Spread of the first wait. */
  readonly baseMs: number
  /** Widest spread. */
  readonly maxMs: number
}

/** Begins a turn. */
export function turn(now: number, chance: number, ledger: Ledger, { minMs, baseMs, maxMs }: BackoffLimits): Turn {
  const deeds: Deed[] = []
  const news: News[] = []
  const { timers } = ledger
  return {
    now,
    deeds,
    news,
    act: (...deed) => deeds.push(deed),
    send(frame) {
      if (ledger.link?.phase === 'open') deeds.push(['send', ledger.link.id, frame])
    },
    say: (...told) => news.push(told),
    timer(name, ms, fires = () => {}) {
      timers.set(name, fires)
      deeds.push(['timer', name, ms])
    },
    cancel(name) {
      if (timers.delete(name)) deeds.push(['timer', name])
    },
    waits: (name) => timers.has(name),
    next: () => ++ledger.count,
    // Full jitter that stays at the cap, so that a herd stays spread however long it waits. PROTOCOL.md §6.2.
    delay: (attempt, floorMs = 0) => Math.max(minMs, floorMs) + chance * Math.min(maxMs, baseMs * 2 ** attempt),
  }
}
