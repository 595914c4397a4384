import type { ConnUp, LinkOpen, Recorded } from '../events.js'
import type { ResolvedOptions } from '../options.js'
import type { Timeline } from '../timeline.js'
import { type Violation, violation } from '../violation.js'

/** Close code of a link whose token has expired, and of a session that was ended. PROTOCOL.md §6. */
const EXPIRED = 4500
const ENDED = 4506

/**
 * Rule 15: a client whose session the server ended says so, and does not return by itself; a session that is over is not
 * resumed, unless the store lost that, and has no link any more; and a link does not end for its token while nothing keeps
 * the client from bringing another one in time.
 */
export function* endings(timeline: Timeline, options: ResolvedOptions): Iterable<Violation> {
  yield* returns(timeline)
  yield* revivals(timeline, options)
  yield* remains(timeline, options)
  yield* expiries(timeline, options)
}

function* returns({ connUps, connDowns, clientOvers, clientEnds, end }: Timeline): Iterable<Violation> {
  const ends = connDowns.filter(({ event }) => event.code === ENDED)
  for (const ending of [...ends, ...clientOvers]) {
    const { client } = ending.event
    const ofClient = ({ index, event }: Recorded<ConnUp>): boolean => event.client === client && index > ending.index
    const back = connUps.find(ofClient)
    if (back) yield violation(15, {}, `${client} came back by itself after it was sent away for good`, [ending, back])
  }
  for (const ending of ends) {
    const { client } = ending.event
    const isTold = [...clientOvers, ...clientEnds].some(
      ({ index, event }) => event.client === client && index > ending.index,
    )
    if (!isTold) yield violation(15, {}, `${client} was sent away for good and did not say so`, [ending], end?.event.at)
  }
}

function* revivals({ connUps, sessionOvers, faults }: Timeline, { lossyFaults }: ResolvedOptions): Iterable<Violation> {
  const overs = new Map(sessionOvers.map((over) => [over.event.session, over]))
  for (const up of connUps) {
    const over = overs.get(up.event.session)
    if (!over || over.index > up.index) continue
    if (faults.some(({ index, event }) => index < up.index && lossyFaults.has(event.kind))) continue
    yield violation(15, {}, `session ${up.event.session} was resumed after it was over`, [over, up])
  }
}

/** Links that the server keeps although their session is over. */
function* remains({ links, sessionOvers, end }: Timeline, { supersedeWithinMs }: ResolvedOptions): Iterable<Violation> {
  for (const over of sessionOvers) {
    const { session, at } = over.event
    const latest = at + supersedeWithinMs
    const open = new Map<string, Recorded<LinkOpen>>()
    for (const { index, event } of links) {
      if (event.session !== session || event.at > latest) continue
      if (event.type === 'link.close') open.delete(event.link)
      else if (index < over.index) open.set(event.link, { index, event })
    }
    if ((end?.event.at ?? Infinity) <= latest) continue
    for (const link of open.values()) {
      yield violation(15, {}, `session ${session} was over, and its link stayed`, [link, over], latest)
    }
  }
}

function* expiries(
  { connUps, connDowns, heal }: Timeline,
  { presence: { lastingMs } }: ResolvedOptions,
): Iterable<Violation> {
  if (!heal) return
  for (const down of connDowns) {
    if (down.event.code !== EXPIRED) continue
    const up = connUps.find(({ event }) => event.client === down.event.client && event.link === down.event.link)
    // What was wrong before the healing may go on for a while.
    if (!up || up.index < heal.index || up.event.at < heal.event.at + lastingMs) continue
    yield violation(15, {}, `a link of ${down.event.client} ended for its token, in good weather`, [up, down])
  }
}
