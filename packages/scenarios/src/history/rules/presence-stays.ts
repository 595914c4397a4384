import type { Attendances, Call } from '../attendance.js'
import type { PresenceBase, PresenceChanged, Recorded } from '../events.js'
import type { PresenceTimes } from '../options.js'
import type { Timeline } from '../timeline.js'
import { type Violation, violation } from '../violation.js'

/** A session in a channel, from the time the store had it. */
interface Stay {
  readonly session: string
  readonly from: Recorded<PresenceChanged | PresenceBase>
}

/** No ghosts, and no leave of somebody who is there: each end of a stay comes neither too late nor for nothing. */
export function* stays(timeline: Timeline, attendances: Attendances, times: PresenceTimes): Iterable<Violation> {
  const open = new Map<string, Map<string, Stay>>()
  const end = timeline.end ?? timeline.last
  for (const { index, event } of timeline.presence) {
    if (event.type === 'presence.base') {
      const from = { index, event }
      open.set(event.channel, new Map(event.members.map(({ session }) => [session, { session, from }])))
    }
    if (event.type !== 'presence.change') continue
    const { channel, kind, session } = event
    const here = { index, event }
    const there = open.get(channel) ?? new Map<string, Stay>()
    open.set(channel, there)
    const stay = there.get(session)
    if (kind === 'join') {
      if (!stay) there.set(session, { session, from: here })
      continue
    }
    there.delete(session)
    if (stay) yield* ghost(stay, here, attendances, times)
    yield* flap(here, timeline, attendances, times)
  }
  for (const there of open.values()) {
    if (end) for (const stay of there.values()) yield* ghost(stay, end, attendances, times)
  }
}

function* ghost(
  { session, from }: Stay,
  until: Recorded,
  attendances: Attendances,
  { withinMs }: PresenceTimes,
): Iterable<Violation> {
  const { channel } = from.event
  const life = attendances.lifeOf(session)
  const call = life === undefined ? undefined : attendances.lastCall(life, channel, until.index)
  const hasLeft = call?.called.event.action === 'leave' && call.settled?.event.ok && call.settled.index < until.index
  if (!hasLeft && attendances.isLinked(session, until.index)) return
  const cause = hasLeft ? call.settled?.event.at : attendances.lostAt(session, until.index)
  const since = Math.max(from.event.at, cause ?? 0)
  const ms = until.event.at - since
  if (ms > withinMs) {
    const message = `${session} was there for ${Math.round(ms)} ms after it was gone (allowed: ${withinMs} ms)`
    yield violation(10, { channel }, message, [from, until])
  }
}

/** Nobody leaves who did not ask to and who is linked, or was until a moment ago, unless something was wrong. */
function* flap(
  leave: Recorded<PresenceChanged>,
  timeline: Timeline,
  attendances: Attendances,
  times: PresenceTimes,
): Iterable<Violation> {
  const { channel, session, at } = leave.event
  const life = attendances.lifeOf(session)
  const link = attendances.latestLink(session, leave.index)
  if (life === undefined || !link) return
  if (timeline.sessionEndings.some(({ index, event }) => event.session === session && index < leave.index)) return
  const { up, lost } = link
  const until = lost ?? at
  if (up > until - times.settleMs || at >= until + times.graceMs) return
  if (lost === undefined && attendances.isOver(life, leave.index)) return
  const entered = attendances.lastCall(life, channel, leave.index)
  if (entered?.called.event.action !== 'enter' || entered.called.event.at > until - times.settleMs) return
  // A leave that was asked for, and got through late.
  const isLate = ({ called, settled }: Call) =>
    called.index < leave.index && (settled?.event.at ?? Infinity) > until - times.settleMs
  if (attendances.callsOf(life, channel).some((call) => call.called.event.action === 'leave' && isLate(call))) return
  if (isExcused(up, until, at, timeline, times)) return
  const since = lost === undefined ? `it has been back since ${up} ms` : `its link ended at ${lost} ms only`
  yield violation(10, { channel }, `${session} left without asking to, though ${since}`, [entered.called, leave])
}

/** What was wrong when the link began may have kept the client from entering, and what is wrong now from staying. */
function isExcused(
  up: number,
  until: number,
  at: number,
  { faults }: Timeline,
  { settleMs, disabling, lasting, lastingMs }: PresenceTimes,
): boolean {
  return faults.some(({ event: fault }) => {
    if (fault.at > at) return false
    if (disabling.includes(fault.kind)) return fault.at >= up - lastingMs
    if (lasting.includes(fault.kind)) return fault.at >= up - lastingMs && fault.at <= up + settleMs
    return fault.at >= up && fault.at <= Math.min(up + settleMs, until)
  })
}
