import type { LinkClose, LinkOpen, PresenceCall, PresenceSettled, Recorded } from './events.js'
import type { Timeline } from './timeline.js'

/** A call of `enter` or `leave`, and what came of it. */
export interface Call {
  readonly called: Recorded<PresenceCall>
  settled?: Recorded<PresenceSettled>
}

interface Link {
  readonly name: string
  readonly opened: Recorded<LinkOpen>
  closed?: Recorded<LinkClose>
}

/** Who asked to be where, and which sessions had a link when: the causes of presence. */
export class Attendances {
  private readonly calls = new Map<string, Call[]>()
  private readonly links = new Map<string, Link[]>()
  private readonly lives = new Map<string, string>()
  private readonly ends = new Map<string, number>()

  constructor(private readonly timeline: Timeline) {
    const byId = new Map<string, Call>()
    for (const { index, event } of timeline.presence) {
      if (event.type === 'presence.call') {
        const call = { called: { index, event } }
        byId.set(event.id, call)
        add(this.calls, key(event.client, event.channel), call)
      } else if (event.type === 'presence.settled') {
        const call = byId.get(event.id)
        if (call) call.settled ??= { index, event }
      }
    }
    for (const { index, event } of timeline.links) {
      const name = key(event.node, event.link)
      if (event.type === 'link.open') add(this.links, event.session, { name, opened: { index, event } })
      else {
        const link = this.links.get(event.session)?.find((open) => open.name === name && !open.closed)
        if (link) link.closed = { index, event }
      }
    }
    for (const { event } of timeline.connUps) this.lives.set(event.session, event.client)
    for (const { index, event } of timeline.clientEnds) this.ends.set(event.client, index)
  }

  /** The life of a client that has a session. */
  lifeOf(session: string): string | undefined {
    return this.lives.get(session)
  }

  /** Whether a life of a client is over at some place of the record. */
  isOver(life: string, index: number): boolean {
    return (this.ends.get(life) ?? Infinity) < index
  }

  /** The last call about a channel before some place of the record. */
  lastCall(life: string, channel: string, index: number): Call | undefined {
    return this.callsOf(life, channel)
      .filter(({ called }) => called.index < index)
      .at(-1)
  }

  /** All calls of a life about a channel. */
  callsOf(life: string, channel: string): readonly Call[] {
    return this.calls.get(key(life, channel)) ?? []
  }

  /** Whether a session has a link, as servers see it. */
  isLinked(session: string, index: number): boolean {
    return this.before(session, index).some(({ closed }) => !closed || closed.index > index)
  }

  /** When the last link of a session ended; `undefined` when it never had one. */
  lostAt(session: string, index: number): number | undefined {
    const ends = this.before(session, index).flatMap(({ closed }) => (closed ? [closed.event.at] : []))
    return ends.length > 0 ? Math.max(...ends) : undefined
  }

  /** The latest link of a session: since when its client has been on it, and when it ended, if it has. */
  latestLink(session: string, index: number): { readonly up: number; readonly lost: number | undefined } | undefined {
    const link = this.before(session, index).at(-1)
    const up = this.timeline.connUps.find(
      ({ event }) => event.session === session && event.link === link?.opened.event.link,
    )
    const lost = link?.closed && link.closed.index < index ? link.closed.event.at : undefined
    return up && { up: up.event.at, lost }
  }

  /** Since when a client has been on the link that it has now; `undefined` when it has none. */
  upSince(session: string, index: number): number | undefined {
    const up = this.timeline.connUps.filter((found) => found.event.session === session && found.index < index).at(-1)
    const isUp = this.before(session, index).some(
      ({ opened, closed }) => opened.event.link === up?.event.link && (!closed || closed.index > index),
    )
    return isUp ? up?.event.at : undefined
  }

  private before(session: string, index: number): readonly Link[] {
    return (this.links.get(session) ?? []).filter(({ opened }) => opened.index < index)
  }
}

function add<T>(groups: Map<string, T[]>, name: string, item: T): void {
  const group = groups.get(name)
  if (group) group.push(item)
  else groups.set(name, [item])
}

function key(...parts: readonly string[]): string {
  return JSON.stringify(parts)
}
