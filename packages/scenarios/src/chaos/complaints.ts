import { describeViolation, GAP_REASONS, type GapReason } from '../history/index.js'
import { faultOf } from './faults/index.js'
import type { Round } from './round.js'

/** Reasons of gaps that need no fault: a log that keeps few messages gives them. */
const TRIMS: readonly GapReason[] = ['trimmed', 'slow']

/** What a round did wrong, or failed to show: none, and it passes. */
export function complaints({ kind, verdict, record, unproven }: Round): string[] {
  const { tells = TRIMS } = faultOf(kind) ?? {}
  const { judgedDeliveries, otherDeliveries, answered } = verdict
  const counts = { delivered: judgedDeliveries, 'delivered of latest values': otherDeliveries.latest, answered }
  const nothing = Object.entries(counts).flatMap(([what, number]) =>
    number === 0 ? [`${kind}: nothing was ${what}, so nothing is shown`] : [],
  )
  // A round that nobody could say this of would show nothing about it.
  if (!record.history.some(({ type }) => type === 'presence.audit'))
    nothing.push(`${kind}: nobody looked who was there in the end`)
  const strange = GAP_REASONS.filter((reason) => verdict.gaps[reason] > 0 && !tells.includes(reason)).map(
    (reason) => `${kind}: ${verdict.gaps[reason]} gaps were told for the reason '${reason}', which it does not give`,
  )
  const surprises = record.surprises.map((error) => `${kind}: ${error instanceof Error ? error.stack : String(error)}`)
  const absent = unproven.map((what) => `${kind}: it did not come true that ${what}, so nothing is shown`)
  return [
    ...nothing,
    ...absent,
    ...strange,
    ...surprises,
    ...verdict.violations.map((violation) => `${kind}: ${describeViolation(violation)}`),
  ]
}
