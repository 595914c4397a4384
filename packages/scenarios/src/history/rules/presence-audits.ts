import type { Attendances } from '../attendance.js'
import type { PresenceAudit, PresenceSeen, Recorded } from '../events.js'
import type { PresenceTimes } from '../options.js'
import type { Timeline } from '../timeline.js'
import { sample, type Violation, violation } from '../violation.js'

/** At an audit, store and watchers have exactly those who live and have asked to be present, with what they show. */
export function* audits(timeline: Timeline, attendances: Attendances, times: PresenceTimes): Iterable<Violation> {
  for (const { index, event } of timeline.presence) {
    if (event.type !== 'presence.audit') continue
    const audit = { index, event }
    const expected = settledUsers(timeline, attendances, times, audit)
    const stored = new Map<string, Array<string | undefined>>()
    for (const { user, data } of event.members) stored.set(user, [...(stored.get(user) ?? []), data])
    const { channel } = event
    for (const [user, data] of expected) {
      const found = stored.get(user) ?? []
      if (found.length === (data === undefined ? 0 : 1) && found[0] === data) continue
      const message = `the store has ${user} as ${sample(found.map(String)) || 'gone'}, and not as ${data ?? 'gone'}`
      yield violation(10, { channel }, message, [audit])
    }
    for (const [subscriber, list] of settledWatchers(timeline, attendances, times, audit)) {
      const wrong = [...expected].filter(([user, data]) => list?.event.users[user] !== data).map(([user]) => user)
      if (list && wrong.length === 0) continue
      const message = list ? `sees ${sample(wrong)} otherwise than they are` : 'was never told who is present'
      yield violation(10, { subscriber, channel }, message, [list, audit])
    }
  }
}

/** What each user shows, `undefined` for nothing; without those of whom that cannot be said at the moment. */
function settledUsers(
  { presence, connUps }: Timeline,
  attendances: Attendances,
  { settleMs }: PresenceTimes,
  { index, event: { at, channel } }: Recorded<PresenceAudit>,
): Map<string, string | undefined> {
  const lives = new Map<string, string>()
  for (const { index: place, event } of presence) {
    if (place < index && event.type === 'presence.call') lives.set(event.user, event.client)
  }
  const users = new Map<string, string | undefined>()
  for (const [user, life] of lives) {
    const call = attendances.lastCall(life, channel, index)
    if (call && !attendances.isOver(life, index)) {
      const { called, settled } = call
      if (!settled?.event.ok || settled.index > index || settled.event.at > at - settleMs) continue
      if (called.event.action === 'enter' && !isSettled(life, { connUps }, attendances, settleMs, index, at)) continue
      users.set(user, called.event.action === 'enter' ? called.event.data : undefined)
    } else users.set(user, undefined)
  }
  return users
}

/** Clients that have watched the channel for a while, on a link that they have had for a while, with their last list. */
function settledWatchers(
  { presence, connUps }: Timeline,
  attendances: Attendances,
  { settleMs }: PresenceTimes,
  { index, event: { at, channel } }: Recorded<PresenceAudit>,
): Map<string, Recorded<PresenceSeen> | undefined> {
  const since = new Map<string, number>()
  const lists = new Map<string, Recorded<PresenceSeen>>()
  for (const { index: place, event } of presence) {
    if (place > index || !('channel' in event) || event.channel !== channel) continue
    if (event.type === 'presence.watch') {
      since.set(event.client, event.at)
      lists.delete(event.client)
    } else if (event.type === 'presence.unwatch') since.delete(event.client)
    else if (event.type === 'presence.seen') lists.set(event.client, { index: place, event })
  }
  const watchers = [...since].filter(
    ([life, from]) =>
      from <= at - settleMs &&
      !attendances.isOver(life, index) &&
      isSettled(life, { connUps }, attendances, settleMs, index, at),
  )
  return new Map(watchers.map(([life]) => [life, lists.get(life)]))
}

/** Whether a life of a client has been on its link for a while. */
function isSettled(
  life: string,
  { connUps }: Pick<Timeline, 'connUps'>,
  attendances: Attendances,
  settleMs: number,
  index: number,
  at: number,
): boolean {
  const up = connUps.filter(({ index: place, event }) => place < index && event.client === life).at(-1)
  const since = up && attendances.upSince(up.event.session, index)
  return since !== undefined && since <= at - settleMs
}
