import type { CallEvent, CallInvoke, CallRan, CallSettled, Recorded } from '../events.js'
import type { Timeline } from '../timeline.js'
import { type Violation, violation } from '../violation.js'

/** One call, and what became of it. */
interface Call {
  readonly invokes: Recorded<CallInvoke>[]
  readonly runs: Recorded<CallRan>[]
  readonly settles: Recorded<CallSettled>[]
}

/** Codes that say that the method did not run. */
const REFUSED =
  /^(TIMEOUT|EXPIRED|OUTBOX_FULL|RATE_LIMITED|UNKNOWN_METHOD|INVALID_DATA|TOO_LARGE|NOT_CONNECTED|UNAVAILABLE)$/
/** Time by which the record of a link's end may come after what it caused. */
const LATE_MS = 1_000

/**
 * Rule 14: a call ends once, with its own answer if it has one; it runs at most once unless it is idempotent, and what is
 * answered has run; that the outcome is not known is told only of a link that was lost or a time that was over.
 */
export function* calls(timeline: Timeline): Iterable<Violation> {
  for (const [id, call] of byId(timeline.calls)) yield* judge(id, call, timeline)
}

function* judge(id: string, { invokes, runs, settles }: Call, timeline: Timeline): Iterable<Violation> {
  const [invoke, again] = invokes
  const [settle] = settles
  if (!invoke) {
    yield violation(14, {}, `"${id}" was never called`, [...runs, ...settles])
    return
  }
  if (again) yield violation(14, {}, `"${id}" was called twice`, invokes)
  if (!settle) yield violation(14, {}, `"${id}" never ended`, invokes, timeline.end?.event.at)
  if (settles.length > 1) yield violation(14, {}, `"${id}" ended ${settles.length} times`, settles)
  const first = runs[0]
  if (first && first.index < invoke.index) yield violation(14, {}, `"${id}" ran before it was called`, [first, invoke])
  const { idempotent } = invoke.event
  if (!idempotent && runs.length > 1) yield violation(14, {}, `"${id}" ran ${runs.length} times`, runs)
  if (!settle) return
  if (timeline.end && settle.index > timeline.end.index) {
    yield violation(14, {}, `"${id}" ended after the end`, [settle])
  }
  const { outcome, answer, code = '' } = settle.event
  if (outcome === 'answered') {
    if (answer !== id) yield violation(14, {}, `"${id}" got the answer of "${answer}"`, [invoke, settle])
    if (!first || first.index > settle.index) {
      yield violation(14, {}, `"${id}" was answered, and had not run`, [invoke, settle])
    }
  }
  if (outcome === 'failed' && REFUSED.test(code) && !idempotent && first) {
    yield violation(14, {}, `"${id}" ran, although it was refused with ${code}`, [invoke, first, settle])
  }
  if (code === 'UNKNOWN_OUTCOME' && !hasCause(invoke, settle, timeline)) {
    yield violation(14, {}, `"${id}" has no known outcome, and no reason for that`, [invoke, settle])
  }
}

/** Whether the time was over, or a link was lost between call and end. */
function hasCause(invoke: Recorded<CallInvoke>, settle: Recorded<CallSettled>, timeline: Timeline): boolean {
  const { at, unknownAfterMs, side, caller } = invoke.event
  // Times are written down in thousandths.
  if (settle.event.at - at >= unknownAfterMs - 0.01) return true
  if (side === 'client') {
    return timeline.connDowns.some(
      ({ index, event }) => event.client === caller && index > invoke.index && index < settle.index,
    )
  }
  const isBetween = (event: { readonly at: number }): boolean => event.at >= at && event.at <= settle.event.at + LATE_MS
  return timeline.links.some(({ event }) => event.type === 'link.close' && isBetween(event))
}

function byId(events: readonly Recorded<CallEvent>[]): Map<string, Call> {
  const found = new Map<string, Call>()
  for (const { index, event } of events) {
    let call = found.get(event.id)
    if (!call) found.set(event.id, (call = { invokes: [], runs: [], settles: [] }))
    if (event.type === 'call.invoke') call.invokes.push({ index, event })
    else if (event.type === 'call.ran') call.runs.push({ index, event })
    else call.settles.push({ index, event })
  }
  return found
}
