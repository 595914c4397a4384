import { Attendances } from '../attendance.js'
import type { PresenceChanged, PresenceEvent, Recorded } from '../events.js'
import type { ResolvedOptions } from '../options.js'
import { showPosition } from '../position.js'
import type { Timeline } from '../timeline.js'
import { type Violation, violation } from '../violation.js'
import { absences } from './presence-absences.js'
import { audits } from './presence-audits.js'
import { stays } from './presence-stays.js'

/**
 * Rule 10: in the store, changes have positions without a hole, and sessions come and go in turn; nobody stays who has
 * been gone for too long, and nobody goes who is back in time; watchers are told joins and leaves in turn, as their
 * lists say; and once everything has settled, store and watchers have exactly those who asked to be present and live.
 */
export function* presence(timeline: Timeline, { presence: times }: ResolvedOptions): Iterable<Violation> {
  const attendances = new Attendances(timeline)
  yield* changes(timeline)
  yield* told(timeline)
  yield* stays(timeline, attendances, times)
  if (times.graceOutlastsFaults) yield* absences(timeline, attendances)
  yield* audits(timeline, attendances, times)
}

function* changes(timeline: Timeline): Iterable<Violation> {
  const last = new Map<string, Recorded<PresenceChanged>>()
  const present = new Map<string, Set<string>>()
  for (const { index, event } of timeline.presence) {
    if (event.type === 'presence.base') present.set(event.channel, new Set(event.members.map(({ session }) => session)))
    if (event.type !== 'presence.change') continue
    const { channel, kind, session, position } = event
    const here = { index, event }
    const before = last.get(channel)
    last.set(channel, here)
    const follows = before?.event.position.epoch === position.epoch ? before.event.position.offset + 1 : undefined
    if (follows !== undefined && position.offset !== follows) {
      yield violation(10, { channel }, `a change at ${showPosition(position)}, where ${follows} was due`, [
        before,
        here,
      ])
    }
    const there = present.get(channel) ?? new Set<string>()
    present.set(channel, there)
    if (kind === 'join') there.add(session)
    else if (!there.delete(session)) yield violation(10, { channel }, `${session} left, and was not there`, [here])
  }
}

/** Joins and leaves between two lists lead from the one to the other, each user in turn. */
function* told(timeline: Timeline): Iterable<Violation> {
  const watching = new Map<string, Set<string> | undefined>()
  for (const recorded of timeline.presence) {
    const { event } = recorded
    if (!isOfWatcher(event)) continue
    const { client: subscriber, channel } = event
    const name = JSON.stringify([subscriber, channel])
    const users = watching.get(name)
    switch (event.type) {
      case 'presence.watch':
        watching.set(name, undefined)
        break
      case 'presence.unwatch':
        watching.delete(name)
        break
      case 'presence.told': {
        const { user, kind } = event
        if (!users) yield violation(10, { subscriber, channel }, `was told of ${user} before any list`, [recorded])
        else if (users.has(user) === (kind === 'join')) {
          yield violation(10, { subscriber, channel }, `${kind} of ${user}, who was ${where(kind)} already`, [recorded])
        }
        if (kind === 'join') users?.add(user)
        else users?.delete(user)
        break
      }
      case 'presence.seen': {
        const seen = new Set(Object.keys(event.users))
        if (!watching.has(name))
          yield violation(10, { subscriber, channel }, 'a list for who does not watch', [recorded])
        else if (users && (users.size !== seen.size || [...users].some((user) => !seen.has(user)))) {
          const message = `was told of ${[...users].join(', ')}, and listed ${[...seen].join(', ')}`
          yield violation(10, { subscriber, channel }, message, [recorded])
        }
        watching.set(name, seen)
      }
    }
  }
}

type OfWatcher = Extract<
  PresenceEvent,
  { type: 'presence.watch' | 'presence.unwatch' | 'presence.told' | 'presence.seen' }
>

function isOfWatcher(event: PresenceEvent): event is OfWatcher {
  return /watch|told|seen/.test(event.type)
}

function where(kind: 'join' | 'leave'): string {
  return kind === 'join' ? 'there' : 'gone'
}
