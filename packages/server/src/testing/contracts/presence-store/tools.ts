import type { Position } from '@org/realtime-protocol'
import type { Entrant, Leaver, PresenceChange, PresenceOutcome } from '../../../ports/index.js'

/** A time to live that nothing here outlives. */
export const LONG_MS = 60_000
/** A time to live that can pass for real. */
export const SHORT_MS = 400
/** Members that a list names at most, where that says nothing. */
export const LIMIT = 1_000
/** Numbers are as large as those of a node, which takes its time of day. */
export const FIRST_NUMBER = 1_763_000_000_000
/** Operations of this suite so far. */
let operations = 0

/** Who enters, by the operation that is next unless its number is given. */
export function entrant(session: string, fields: Partial<Entrant> = {}): Entrant {
  return { user: 'ada', ...leaver(session), ...fields }
}

/** Who leaves, likewise. */
export function leaver(session: string, fields: Partial<Leaver> = {}): Leaver {
  return { session, owner: 1, number: FIRST_NUMBER + ++operations, ...fields }
}

/** Where what was done stands. @throws when it was not. */
export function position(outcome: PresenceOutcome): Position {
  if (outcome.kind !== 'done') throw new Error(`it was ${outcome.kind}`)
  return outcome.position
}

/** What a watcher of the channel is told. */
export function change(
  kind: PresenceChange['kind'],
  at: Position,
  member: PresenceChange['member'],
  count: number,
): { channel: string; change: PresenceChange } {
  return { channel: 'c', change: { position: at, kind, member, count } }
}

/** By session: the order of a list says nothing. */
export function sorted<T extends { readonly session: string }>(members: readonly T[] | undefined): T[] {
  return [...(members ?? [])].sort((a, b) => (a.session < b.session ? -1 : 1))
}
