import type { ClientFrame, Position } from '@org/realtime-protocol'
import { delayMs, type BackoffLimits } from './backoff.js'
import type { RealtimeError } from './errors.js'
import type { TokenReason } from './events.js'

/** What a step wants done, by name and arguments. The shell does all of it, in order, before it takes the next input. */
export type Deed =
  | readonly ['dial', link: number, url: string]
  | readonly ['send', link: number, frame: ClientFrame]
  | readonly ['hangup', link: number, code: number, reason: string]
  | readonly ['setTimer', name: string, ms: number]
  | readonly ['clearTimer', name: string]
  | readonly ['token', attempt: number, reason: TokenReason]

/** What reaches the application. It stands last in the list, so that listeners find everything done. */
export type News =
  | readonly ['emit', event: string, detail: object, channel?: string]
  /** What was told so far is delivered: this is where the channel stands now. */
  | readonly ['position', channel: string, position: Position | undefined]
  | readonly ['settle', id: string, error: RealtimeError | undefined, value?: object | undefined]

/** All that a step can want. */
export type Effect = Deed | News

/** One step: the time it happens at, and what it wants done. */
export interface Turn {
  readonly now: number
  readonly deeds: Deed[]
  readonly news: News[]
  /** Wants something done. */
  act(...deed: Deed): void
  /** Tells the application something. */
  say(...news: News): void
  /** Sets a timer, in place of one with this name, or clears it. */
  timer(name: string, ms?: number): void
  /** A number no link, request or subscription has had. Later ones are larger. */
  next(): number
  /** Back-off of an attempt, spread by the chance of this turn. */
  delay(attempt: number, floorMs?: number): number
}

/** What outlives a turn: the numbers given out, and the timers that are set. */
export interface Ledger {
  count: number
  readonly timers: Set<string>
}

/** Begins a turn. */
export function turn(now: number, chance: number, ledger: Ledger, limits: BackoffLimits): Turn {
  const deeds: Deed[] = []
  const news: News[] = []
  const { timers } = ledger
  return {
    now,
    deeds,
    news,
    act: (...deed) => deeds.push(deed),
    say: (...told) => news.push(told),
    timer(name, ms) {
      if (ms !== undefined) {
        timers.add(name)
        deeds.push(['setTimer', name, ms])
      } else if (timers.delete(name)) deeds.push(['clearTimer', name])
    },
    next: () => ++ledger.count,
    delay: (attempt, floorMs) => delayMs(attempt, limits, chance, floorMs),
  }
}
