import type { Found, Subject } from '../subject.js'
import { type Mutant, one } from './mutant.js'

/** A leave that the grace brought, not the application. */
const ofGrace = (history: Subject): Found<'presence.change'>[] =>
  history.find('presence.change', ({ i, event }) => {
    const before = history.events.slice(0, i).findLast(({ type }) => /presence\.(call|settled)|link/.test(type))
    const rebased = history.find('presence.base', (base) => base.i < i && base.event.at > event.at - 2_500)
    return event.kind === 'leave' && before?.type !== 'presence.call' && rebased.length === 0
  })

/** Changes between two others of the same channel and epoch. */
const inner = (history: Subject) =>
  history.find('presence.change', ({ i, event }) => {
    const same = (other: Found<'presence.change'>) =>
      other.event.channel === event.channel && other.event.position.epoch === event.position.epoch
    const others = history.find('presence.change', same)
    return others.some((other) => other.i < i) && others.some((other) => other.i > i)
  })

/** Who is in an audit, at the end of the record, with a link. */
const audited = (history: Subject) =>
  history
    .find('presence.audit', ({ event }) => event.members.length > 0)
    .flatMap(({ i, event }) => event.members.map((member) => ({ i, event, member })))
    .filter(({ i, member }) => isLinked(history, member.session, i))

function isLinked({ events }: Subject, session: string, i: number): boolean {
  const last = events
    .slice(0, i)
    .findLast((event) => 'session' in event && event.session === session && 'link' in event)
  return last?.type === 'conn.up' || last?.type === 'link.open'
}

/** Where in the record a session got its latest link. */
function upOf({ events }: Subject, session: string, i: number): number {
  return events.slice(0, i).findLastIndex((event) => event.type === 'conn.up' && event.session === session)
}

/** Whether a session had its latest link for a while, and nothing was wrong. */
function hasBeenThere(history: Subject, session: string, i: number): boolean {
  const { events } = history
  const up = upOf(history, session, i)
  const close = events.slice(0, i).findLastIndex((event) => event.type === 'link.close' && event.session === session)
  const quiet = events.slice(up, close).every(({ type }) => !/fault|presence\.call/.test(type))
  return quiet && close > up && (events[close]?.at ?? 0) - (events[up]?.at ?? 0) > 2_500
}

const isFault = ({ type }: { readonly type: string }) => type === 'fault'

export const presence: readonly Mutant[] = [
  {
    rule: 10,
    name: 'a change that has no position',
    of: 'presence',
    mutate: one(inner, (h, { i }) => h.without(i)),
  },
  {
    rule: 10,
    name: 'somebody who leaves twice',
    of: 'presence',
    mutate: one(
      (h) => h.find('presence.change', ({ event }) => event.kind === 'leave'),
      (h, { i, event }) => {
        const position = { ...event.position, offset: event.position.offset + 1 }
        return h.insert(i + 1, { ...event, position })
      },
    ),
  },
  {
    rule: 10,
    name: 'a join or leave that is told twice',
    of: 'presence',
    mutate: one(
      (h) => h.find('presence.told'),
      (h, { i, event }) => h.insert(i + 1, event),
    ),
  },
  {
    rule: 10,
    name: 'a join or leave that is not told',
    of: 'presence',
    mutate: one(
      (h) => h.find('presence.told'),
      (h, { i }) => h.without(i),
    ),
  },
  {
    rule: 10,
    name: 'a list for a client that does not watch',
    of: 'presence',
    mutate: one(
      (h) => h.find('presence.watch'),
      (h, { i }) => h.without(i),
    ),
  },
  {
    rule: 10,
    name: 'a ghost: somebody who stays for too long after the last link',
    of: 'presence',
    options: { presence: { withinMs: 2_000, graceMs: 4_000 } },
    mutate: one(ofGrace, (h) => [...h.events]),
  },
  {
    rule: 10,
    name: 'a flap: a leave of somebody who has been back for a while',
    of: 'presence',
    mutate: one(
      (h) => audited(h).filter(({ i, member }) => !h.events.slice(upOf(h, member.session, i), i).some(isFault)),
      (h, { i, event, member }) => {
        const last = h.events.slice(0, i).findLast((e) => e.type === 'presence.change' && e.channel === event.channel)
        if (last?.type !== 'presence.change') return [...h.events]
        const position = { ...last.position, offset: last.position.offset + 1 }
        const { user, session } = member
        const leave = {
          at: event.at,
          type: 'presence.change',
          kind: 'leave',
          channel: event.channel,
          position,
        } as const
        return h.insert(i + 1, { ...leave, user, session })
      },
    ),
  },
  {
    rule: 10,
    name: 'a leave before the grace is over',
    of: 'presence',
    options: { presence: { withinMs: 6_000, graceMs: 6_000 } },
    mutate: one(
      (h) => ofGrace(h).filter(({ i, event }) => hasBeenThere(h, event.session, i)),
      (h) => [...h.events],
    ),
  },
  {
    rule: 10,
    name: 'a store that has lost somebody',
    of: 'presence',
    mutate: one(
      (h) => audited(h),
      (h, { i, event, member }) => h.replace(i, { ...event, members: event.members.filter((each) => each !== member) }),
    ),
  },
  {
    rule: 10,
    name: 'a store that has somebody twice',
    of: 'presence',
    mutate: one(
      (h) => audited(h),
      (h, { i, event, member }) =>
        h.replace(i, { ...event, members: [...event.members, { ...member, session: 'another' }] }),
    ),
  },
  {
    rule: 10,
    name: 'a store that has what somebody showed before',
    of: 'presence',
    mutate: one(
      (h) => audited(h),
      (h, { i, event, member }) =>
        h.replace(i, {
          ...event,
          members: event.members.map((each) => (each === member ? { ...each, data: 'old' } : each)),
        }),
    ),
  },
  {
    rule: 10,
    name: 'a watcher that sees somebody otherwise',
    of: 'presence',
    mutate: one(
      (h) =>
        h.find('presence.seen', ({ i, event }) => {
          const later = h.events.slice(i + 1)
          const audit = later.findIndex((e) => e.type === 'presence.audit' && e.channel === event.channel)
          const between = later.slice(0, Math.max(0, audit))
          const members = later[audit]?.type === 'presence.audit' ? later[audit].members : []
          return (
            members.some(({ user, session }) => event.users[user] && isLinked(h, session, i + 1 + audit)) &&
            !between.some((e) => 'client' in e && e.client === event.client) &&
            !between.some((e) => e.type === 'link.close')
          )
        }),
      (h, { i, event }) => {
        const users = Object.fromEntries(Object.keys(event.users).map((user) => [user, 'otherwise']))
        return h.replace(i, { ...event, users })
      },
    ),
  },
]
