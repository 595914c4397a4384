import { authorizeSubscribe } from './authorization.js'
import type { Attendance } from './attendance.js'
import type { Connection } from './connection.js'
import type { Node } from './node.js'
import type { Session } from './session.js'
import { isWireError } from './wire-errors.js'
import { vacate } from './vacate.js'

/**
 * Asks the rules again about all that a link has, because its session has another identity now. What they deny ends:
 * subscriptions, watches, presence. A rule that fails denies as well; its error is one that can be repeated.
 */
export async function review(node: Node, connection: Connection, session: Session): Promise<void> {
  await Promise.all([
    ...[...connection.subscriptions.keys()].map((channel) => reviewSubscription(node, connection, session, channel)),
    ...node.presence.hub.watchedBy(connection).map((channel) => reviewWatch(node, connection, session, channel)),
    ...node.presence.attendances.heldBy(session).map((attendance) => reviewAttendance(node, session, attendance)),
  ])
}

async function reviewAttendance(node: Node, session: Session, attendance: Attendance): Promise<void> {
  const { channel, shown, entries } = attendance
  const denied = await node.presence.entry.review(session, channel, shown)
  // A later entering was judged for itself.
  if (denied && attendance.isHeld && attendance.entries === entries) await node.presence.leave(session, channel)
}

async function reviewSubscription(node: Node, connection: Connection, session: Session, channel: string) {
  // What the server has subscribed it to is not for the rule to decide.
  if (session.isKept(channel)) return
  const subscription = connection.subscriptions.get(channel)
  const verdict = await authorizeSubscribe(node, session, channel)
  // A later one was judged for itself.
  if (!subscription || !isWireError(verdict) || connection.subscriptions.get(channel) !== subscription) return
  vacate(node, connection, channel)
  connection.say({ type: 'unsubscribed', channel, generation: subscription.generation, ...verdict })
}

async function reviewWatch(node: Node, connection: Connection, session: Session, channel: string): Promise<void> {
  const { hub } = node.presence
  const ref = hub.refOf(channel, connection)
  const verdict = await authorizeSubscribe(node, session, channel)
  if (ref === undefined || !isWireError(verdict) || hub.refOf(channel, connection) !== ref) return
  hub.unwatch(channel, connection)
  connection.say({ type: 'error', ref, ...verdict })
}
