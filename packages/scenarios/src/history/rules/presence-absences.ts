import type { Attendances } from '../attendance.js'
import type { Timeline } from '../timeline.js'
import { type Violation, violation } from '../violation.js'

/**
 * Where the grace outlasts every fault: no watcher is told of more leaves of somebody than that one has asked for by then.
 * Whose client ended goes without asking.
 */
export function* absences(timeline: Timeline, attendances: Attendances): Iterable<Violation> {
  const asked = new Map<string, number>()
  const told = new Map<string, number>()
  const lives = new Map<string, string>()
  for (const { index, event } of timeline.presence) {
    if (event.type === 'presence.call') {
      lives.set(event.user, event.client)
      if (event.action === 'leave') count(asked, [event.channel, event.user])
    }
    if (event.type !== 'presence.told' || event.kind !== 'leave') continue
    const { client: subscriber, channel, user } = event
    const leaves = count(told, [channel, user, subscriber])
    const most = asked.get(JSON.stringify([channel, user])) ?? 0
    const life = lives.get(user)
    if (leaves <= most || life === undefined || attendances.isOver(life, index)) continue
    const call = attendances.lastCall(life, channel, index)
    const message = `was told ${leaves} times that ${user} left, who has asked for that ${most} times`
    yield violation(10, { subscriber, channel }, message, [call?.called, { index, event }])
  }
}

function count(counts: Map<string, number>, name: readonly string[]): number {
  const key = JSON.stringify(name)
  const number = (counts.get(key) ?? 0) + 1
  counts.set(key, number)
  return number
}
