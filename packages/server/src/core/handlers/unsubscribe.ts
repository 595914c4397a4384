import type { UnsubscribeFrame } from '@org/realtime-protocol'
import type { Connection } from '../connection.js'
import type { Node } from '../node.js'

/** `unsubscribe`: ends a subscription, unless a later one has taken its place. PROTOCOL.md §3.3. */
export function unsubscribe(node: Node, connection: Connection, { channel, generation }: UnsubscribeFrame): void {
  if (connection.pending.get(channel) === generation) connection.pending.delete(channel)
  if (connection.subscriptions.get(channel)?.generation === generation) vacate(node, connection, channel)
}

/** Ends whatever subscription of a channel a link has. */
export function vacate(node: Node, connection: Connection, channel: string): void {
  const subscription = connection.subscriptions.get(channel)
  if (!subscription) return
  connection.subscriptions.delete(channel)
  node.hub.leave(subscription)
}
