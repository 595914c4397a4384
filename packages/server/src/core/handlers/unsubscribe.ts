import type { UnsubscribeFrame } from '@org/realtime-protocol'
import type { Connection } from '../connection.js'
import type { Node } from '../node.js'
import type { Session } from '../session.js'

/** `unsubscribe`: ends a subscription, unless a later one has taken its place. PROTOCOL.md §3.3. */
export function unsubscribe(
  node: Node,
  connection: Connection,
  session: Session,
  { channel, generation }: UnsubscribeFrame,
): void {
  const running = connection.pending.get(channel) ?? connection.subscriptions.get(channel)?.generation
  if (running !== generation) return
  connection.pending.delete(channel)
  vacate(node, connection, channel)
  // One that the server made does not come back with the next link either.
  if (session.kept.has(channel)) void session.kept.remove(channel, session, node.sessions, node.logger)
}

/** Ends whatever subscription of a channel a link has. */
export function vacate(node: Node, connection: Connection, channel: string): void {
  const subscription = connection.subscriptions.get(channel)
  if (!subscription) return
  connection.subscriptions.delete(channel)
  node.hub.leave(subscription)
}
