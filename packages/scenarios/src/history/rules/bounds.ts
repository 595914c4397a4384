import type { LinkClose, LinkOpen, Recorded } from '../events.js'
import type { ResolvedOptions } from '../options.js'
import type { Timeline } from '../timeline.js'
import { type Violation, violation } from '../violation.js'

/** Rule 11: a newer link of a session ends the older ones in time, and every sampled queue keeps its limit. */
export function* bounds(timeline: Timeline, { supersedeWithinMs }: ResolvedOptions): Iterable<Violation> {
  for (const sample of timeline.bounds) {
    const { name, value, limit } = sample.event
    // Not `value > limit`: a sample that is no number is no proof.
    if (!(value <= limit)) yield violation(11, {}, `${name} holds ${value}, its limit is ${limit}`, [sample])
  }
  yield* links(timeline, supersedeWithinMs)
}

interface Superseded {
  readonly older: Recorded<LinkOpen>
  readonly newer: Recorded<LinkOpen>
}

function* links({ links, end, last }: Timeline, withinMs: number): Iterable<Violation> {
  const current = new Map<string, Recorded<LinkOpen>>()
  const superseded = new Map<string, Superseded>()
  for (const { index, event } of links) {
    const link = linkName(event)
    const held = current.get(event.session)
    if (event.type === 'link.open') {
      const newer = { index, event }
      if (held && linkName(held.event) !== link) superseded.set(linkName(held.event), { older: held, newer })
      current.set(event.session, newer)
      continue
    }
    if (held && linkName(held.event) === link) current.delete(event.session)
    const late = superseded.get(link)
    superseded.delete(link)
    if (late && event.at > late.newer.event.at + withinMs) yield outlived(late, withinMs, { index, event })
  }
  const endAt = end?.event.at ?? last?.event.at ?? 0
  for (const late of superseded.values()) {
    if (endAt > late.newer.event.at + withinMs) yield outlived(late, withinMs)
  }
}

/** A link is one of a session on a node: nodes number their links on their own. */
function linkName({ node, session, link }: LinkOpen | LinkClose): string {
  return JSON.stringify([node, session, link])
}

function outlived({ older, newer }: Superseded, withinMs: number, closed?: Recorded<LinkClose>): Violation {
  const { session, link } = older.event
  const until = closed ? `until ${closed.event.at} ms` : 'to the end'
  const message = `link ${link} of session ${session} lived ${until}, though ${newer.event.link} superseded it at ${newer.event.at} ms (allowed: ${withinMs} ms)`
  return violation(11, {}, message, [older, newer, closed])
}
