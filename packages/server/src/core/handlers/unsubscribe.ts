import type { UnsubscribeFrame } from '@org/realtime-protocol'
import type { Connection } from '../connection.js'
import type { Node } from '../node.js'
import type { Session } from '../session.js'
import { vacate } from '../vacate.js'
import { subscribe } from './subscribe.js'

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
  if (!session.isKept(channel)) return
  // Who gives up what it asked for itself may not know that the server made a subscription as well: that one goes on.
  // One that it was told of, and gives up, does not come back with the next link either.
  if (generation > 0) subscribe(node, connection, session, { channel, generation: 0 })
  else void session.drop(channel, node)
}
