import type { CallFrame, ClientFrame, Position } from '@org/realtime-protocol'
import type { RealtimeError } from './errors.js'
import type { TokenReason } from './events.js'

/** What a step wants done, by name and arguments. The shell does all of it, in order, before it takes the next input. */
export type Deed =
  | readonly ['dial', link: number, url: string]
  | readonly ['send', link: number, frame: ClientFrame]
  | readonly ['hangup', link: number, code: number, reason: string]
  /** Sets a timer, in place of one with this name; without a time, clears it. */
  | readonly ['timer', of: TimerKey, ms?: number | undefined]
  | readonly ['token', attempt: number, reason: TokenReason]

/** What reaches the application. It stands last in the list, so that listeners find everything done. */
export type News =
  | readonly ['emit', event: string, detail: object, channel?: string]
  /** What was told so far is delivered: this is where the channel stands now. */
  | readonly ['position', channel: string, position?: Position]
  | readonly ['settle', id: string, error: RealtimeError | undefined, value?: unknown]
  /** The server calls a method. */
  | readonly ['call', link: number, call: CallFrame]
  /** Nobody waits any more for one call of the server, or for all those of a link. */
  | readonly ['cancel', link: number, ref?: number]

/** All that a step can want. */
export type Effect = Deed | News

/** What a timer was set for. */
export type Fires = () => void

/** Whose timer it is: each has one at most. */
export type TimerKey = string | object

/** What outlives a turn: the numbers given out, and the timers that are set. */
export interface Ledger {
  count: number
  readonly timers: Map<TimerKey, Fires | undefined>
  /** The link that requests go to. */
  link?: { readonly id: number; readonly open?: boolean } | undefined
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

/** The time of the step that runs. */
export let now: number

let chance: number
let ledger: Ledger
let limits: BackoffLimits
let deeds: Deed[]
let news: News[]

/**
 * Begins a step. There is one at a time, whichever client it belongs to: a step is over before anything of it is done.
 * So its time, its chance and what it wants done are found here, and not handed from function to function.
 *
 * @returns What it will want done, and what it will tell.
 */
export function begin(
  ...step: readonly [now: number, chance: number, ledger: Ledger, limits: BackoffLimits]
): readonly [deeds: readonly Deed[], news: readonly News[]] {
  ;[now, chance, ledger, limits] = step
  return [(deeds = []), (news = [])]
}

/** Wants something done. */
export function act(...deed: Deed): void {
  deeds.push(deed)
}

/** Says something to the server, if there is a link to it. */
export function send(frame: ClientFrame): void {
  if (ledger.link?.open) act('send', ledger.link.id, frame)
}

/** Tells the application something. */
export function say(...told: News): void {
  news.push(told)
}

/** Sets a timer, in place of one with this name. One that fires nothing is set for the flush after it. */
export function timer(name: TimerKey, ms: number, fires?: Fires): void {
  ledger.timers.set(name, fires)
  act('timer', name, ms)
}

/** Clears a timer, if it is set. */
export function cancel(name: TimerKey): void {
  if (ledger.timers.delete(name)) act('timer', name)
}

/** Whether a timer is set. */
export function waits(name: TimerKey): boolean {
  return ledger.timers.has(name)
}

/** A number no link, request or subscription has had. Later ones are larger. */
export function next(): number {
  return ++ledger.count
}

/** How long to wait before an attempt: the back-off, spread by the chance of this step. PROTOCOL.md §6.2. */
export function delay(attempt: number, floorMs = 0): number {
  // Full jitter that stays at the cap, so that a herd stays spread however long it waits.
  return Math.max(limits.minMs, floorMs) + chance * Math.min(limits.maxMs, limits.baseMs * 2 ** attempt)
}
