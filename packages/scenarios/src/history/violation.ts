import type { HistoryEvent, Recorded } from './events.js'

/** The laws of a history, by number. DESIGN.md §2 and §6 say why. */
export const RULES = {
  1: 'no phantom: what is delivered or stored was published before, on that channel',
  2: 'outcomes: a failed publish is nowhere, any other takes effect at most once',
  3: 'order: between told gaps and rebases, positions rise by exactly one in one epoch',
  4: 'once: no id twice in a subscription, unless its first position was told gone',
  5: 'completeness: what the final log keeps was delivered to everyone subscribed over it, or lies in a told gap',
  6: 'losses: what the store lost is told to its publisher and to everyone who received it, and only faults lose',
  7: 'agreement: one position names one id for everybody, and all deliver in one order',
  8: 'no false gaps: a gap is told only where something was lost',
  9: 'liveness: at the end every subscriber stands at the head and every publish has settled, once',
  10: 'presence: it equals the live sessions in time, joins and leaves alternate, and a reconnect in time is no leave',
  11: 'bounds: one live link per session, and every queue within its limit',
  12: 'latest: values only get newer, all agree on them, no gap is told, and at the end everybody has the newest one',
  13: 'ephemeral: what was published there, at most once, and without a position',
  14: 'calls: each ends once, with its own answer; runs once unless idempotent; unknown only for a lost link or time',
  15: 'endings: who was sent away for good says so and stays away, with session and link; no healthy link ends for its token',
} as const

export type RuleNumber = keyof typeof RULES

export interface Violation {
  readonly rule: RuleNumber
  /** Virtual time of the event that broke the rule, in ms. */
  readonly at: number
  readonly subscriber?: string
  readonly channel?: string
  readonly message: string
  /** The events that show it; long lists are cut. */
  readonly evidence: readonly HistoryEvent[]
}

const EVIDENCE_LIMIT = 8

interface Where {
  readonly subscriber?: string
  readonly channel?: string
}

/** A violation seen at the last of its `evidence`, where `at` is not given. */
export function violation(
  rule: RuleNumber,
  where: Where,
  message: string,
  evidence: readonly (Recorded | undefined)[],
  at?: number,
): Violation {
  const events = evidence.flatMap((recorded) => (recorded ? [recorded.event] : []))
  return { rule, at: at ?? events.at(-1)?.at ?? 0, ...where, message, evidence: events.slice(0, EVIDENCE_LIMIT) }
}

/** The first few of a list, for a message. */
export function sample(items: readonly (string | number)[], most = 5): string {
  const shown = items.slice(0, most).join(', ')
  return items.length > most ? `${shown}, … (${items.length} in all)` : shown
}
