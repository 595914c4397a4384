import type { Connection } from './connection.js'
import type { Node } from './node.js'

/** Ends whatever subscription of a channel a link has. */
export function vacate(node: Node, connection: Connection, channel: string): void {
  const subscription = connection.subscriptions.get(channel)
  if (!subscription) return
  connection.subscriptions.delete(channel)
  node.hub.leave(subscription)
}
