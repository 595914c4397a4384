import type { Attendances } from '../attendance.js'
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

function* flap(
  leave: Recorded<PresenceChanged>,
  { faults }: Timeline,
  attendances: Attendances,
  { settleMs, lasting, lastingMs }: PresenceTimes,
): Iterable<Violation> {
  const { channel, session, at } = leave.event
  const life = attendances.lifeOf(session)
  if (life === undefined || attendances.isOver(life, leave.index)) return
  const up = attendances.upSince(session, leave.index)
  if (up === undefined || up > at - settleMs) return
  const entered = attendances.lastCall(life, channel, leave.index)
  if (entered?.called.event.action !== 'enter' || entered.called.event.at > at - settleMs) return
  // A leave that was asked for, and got through late.
  const isLate = ({ called, settled }: { called: Recorded; settled?: Recorded }) =>
    called.index < leave.index && (settled?.event.at ?? Infinity) > at - settleMs
  if (attendances.callsOf(life, channel).some((call) => call.called.event.action === 'leave' && isLate(call))) return
  const excused = faults.some(
    ({ event: fault }) => fault.at <= at && fault.at >= up - (lasting.includes(fault.kind) ? lastingMs : 0),
  )
  if (excused) return
  const message = `${session} left, though it has been back since ${up} ms and did not ask to leave`
  yield violation(10, { channel }, message, [entered.called, leave])
}
