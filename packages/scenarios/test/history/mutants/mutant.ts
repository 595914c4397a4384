import type { CheckOptions, HistoryEvent, Position, RuleNumber } from '../../../src/history/index.js'
import type { Found, Neighbour, Of, Subject } from '../subject.js'
import type { walks } from '../walks.js'

export interface Mutant {
  readonly rule: RuleNumber
  /** What goes wrong, as a sentence. */
  readonly name: string
  /** What the valid history is made of. */
  readonly of: keyof typeof walks
  /** Options of the judgement, where they differ from those of the valid history. */
  readonly options?: CheckOptions
  /** Breaks the history, or answers nothing if it holds no place for this fault. */
  readonly mutate: (history: Subject, pick: Pick) => HistoryEvent[] | undefined
}

export type Pick = <T>(items: readonly T[]) => T | undefined

/** `mutate` for one place among many. */
export function one<T>(
  places: (history: Subject) => readonly T[],
  change: (history: Subject, place: T) => HistoryEvent[],
): Mutant['mutate'] {
  return (history, pick) => {
    const place = pick(places(history))
    return place === undefined ? undefined : change(history, place)
  }
}

export const after = ({ epoch, offset }: Position, by = 1): Position => ({ epoch, offset: offset + by })

export const deliveries = (history: Subject) => history.find('deliver')

/** Two deliveries of a subscription with nothing between them. */
export function pairs(history: Subject): { readonly a: Found<'deliver'>; readonly b: Found<'deliver'> }[] {
  return deliveries(history).flatMap((a) => {
    const next = history.next(a.i)
    return next?.event.type === 'deliver' ? [{ a, b: { i: next.i, event: next.event } }] : []
  })
}

/** Deliveries of what the final log holds, in a subscription that neither restarts nor ends later. */
export function lasting(history: Subject): Found<'deliver'>[] {
  return history.find('deliver', ({ i, event }) => {
    const later = history.later(i)
    return history.logged(event) && !later.some(({ event }) => ['sub.restart', 'sub.end'].includes(event.type))
  })
}

/** A gap that does not say how much was lost may tell of this too. */
export function isVague({ event }: Neighbour): boolean {
  return event.type === 'gap' && (event.reason === 'epoch' || event.reason === 'unknown')
}

export function relog(history: Subject, log: Found<'log'>, change: Partial<Of<'log'>>): HistoryEvent[] {
  return history.replace(log.i, { ...log.event, ...change })
}

export const logs = (history: Subject) => history.find('log', ({ event }) => event.entries.length > 1)

export function appendToLog(history: Subject, channel: string, id: string): HistoryEvent[] {
  return history.events.map((event) => {
    if (event.type !== 'log' || event.channel !== channel) return event
    const head = after(event.head)
    return { ...event, head, entries: [...event.entries, { id, offset: head.offset }] }
  })
}
