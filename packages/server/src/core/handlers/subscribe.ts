import type { SubscribeRequest } from '@org/realtime-protocol'
import { authorizeSubscribe } from '../authorization.js'
import type { Connection } from '../connection.js'
import { bareSince } from '../lineage.js'
import type { Node } from '../node.js'
import { resolveChannel } from '../resolved-channel.js'
import { FULL_RETRY_MS } from '../retry.js'
import type { Session } from '../session.js'
import { Subscription } from '../subscription.js'
import { isWireError } from '../wire-errors.js'
import { vacate } from '../vacate.js'

/** `subscribe`: authorizes, joins the channel, says where the subscription starts, and fills it. PROTOCOL.md §3.3. */
export function subscribe(node: Node, connection: Connection, session: Session, request: SubscribeRequest): void {
  // Hung up on while the subscriptions of its `connect` frame were begun.
  if (connection.isClosed) return
  const { channel, generation } = request
  const current = connection.pending.get(channel) ?? connection.subscriptions.get(channel)?.generation
  // News from the past: a later subscription has taken the place already.
  if (current !== undefined && current >= generation) return
  vacate(node, connection, channel)
  const places = connection.subscriptions.size + connection.pending.size
  if (places >= node.limits.channels && !connection.pending.has(channel)) {
    node.limited('channels', { peer: connection.peer })
    return connection.endSubscription(channel, generation, 'LIMIT_EXCEEDED')
  }
  connection.pending.set(channel, generation)
  // In the inbox, so that a peer cannot pile up questions to the application, nor readings of the log. Nothing waits
  // for anything else there: what the application decided of one generation says nothing of the next.
  if (connection.inbox.run(`subscribe ${generation} ${channel}`, () => run(node, connection, session, request))) return
  connection.pending.delete(channel)
  node.limited('inboxFrames', { peer: connection.peer })
  connection.endSubscription(channel, generation, 'RATE_LIMITED', { retryAfterMs: FULL_RETRY_MS })
}

async function run(node: Node, connection: Connection, session: Session, request: SubscribeRequest): Promise<void> {
  const { channel, generation, since } = request
  // What the server has subscribed it to is not for the rule to decide, also when it does so meanwhile.
  const kept = () => (session.isKept(channel) ? resolveChannel(node.declarations, channel, session.user) : undefined)
  let resolved = kept()
  if (!resolved) {
    const judged = await authorizeSubscribe(node, session, channel)
    resolved = kept() ?? judged
  }
  // Meanwhile the client may have unsubscribed, subscribed anew, or gone.
  if (connection.pending.get(channel) !== generation) return
  connection.pending.delete(channel)
  if (isWireError(resolved)) return connection.say({ type: 'unsubscribed', channel, generation, ...resolved })

  const subscription = new Subscription(node.hub.join(resolved.name), connection, generation)
  connection.subscriptions.set(channel, subscription)
  node.trace('subscribe', { session: session.id, user: session.user, channel })
  await subscription.channel.start(subscription, bareSince(since))
}
