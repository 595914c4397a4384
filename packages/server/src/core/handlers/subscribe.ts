import type { Position, Since, SubscribeRequest } from '@org/realtime-protocol'
import type { Channel } from '../channel.js'
import type { Connection } from '../connection.js'
import { isPosition } from '../lineage.js'
import type { Node } from '../node.js'
import type { Page } from '../page.js'
import { fill, follow } from '../recovery.js'
import { FULL_RETRY_MS } from '../retry.js'
import type { Session } from '../session.js'
import { Subscription } from '../subscription.js'
import { isWireError } from '../wire-errors.js'
import { vacate } from './unsubscribe.js'

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
  const allowed = await node.authorizeSubscribe(session, channel)
  // Meanwhile the client may have unsubscribed, subscribed anew, or gone.
  if (connection.pending.get(channel) !== generation) return
  connection.pending.delete(channel)
  if (isWireError(allowed)) return connection.say({ type: 'unsubscribed', channel, generation, ...allowed })

  const subscription = new Subscription(node.hub.join(channel), connection, generation)
  connection.subscriptions.set(channel, subscription)
  node.trace('subscribe', { session: session.id, user: session.user, channel })
  await start(subscription, connection, since)
}

async function start(subscription: Subscription, connection: Connection, since: Since | undefined): Promise<void> {
  const { channel, generation } = subscription
  const known = continues(channel, since)
  if (known) {
    const head = channel.position.offset
    connection.say({ type: 'subscribed', channel: channel.name, generation, position: known, head })
    subscription.position = known
    return fill(subscription)
  }
  // The first reading is a filling as well: a link that drains meanwhile must not begin another one beside it.
  subscription.filling = 'yes'
  const page = await channel.read(since).catch(() => undefined)
  // Without a page, the channel was closed, and the link with it.
  if (!page || subscription.ended) return
  connection.say(subscribed(subscription, page))
  subscription.filling = 'no'
  if (follow(subscription, page) === 'go on') fill(subscription)
}

/**
 * Where to start, if this node can tell without reading the log: now, or at a position from which the ring holds all
 * that follows. It only ever answers that nothing is missing; anything else is for the log to judge.
 */
function continues(channel: Channel, since: Since | undefined): Position | undefined {
  if (!channel.isLive) return undefined
  if (since === undefined) return channel.position
  if (!isPosition(since) || since.epoch !== channel.position.epoch) return undefined
  const { offset } = channel.position
  return since.offset === offset || (since.offset < offset && channel.ring.covers(since.offset)) ? since : undefined
}

function subscribed({ channel, generation }: Subscription, { recovery }: Page) {
  const { position, head, gap, rebase } = recovery
  return {
    type: 'subscribed',
    channel: channel.name,
    generation,
    position,
    head: head.offset,
    ...(gap ? { gap } : {}),
    ...(rebase ? { rebase } : {}),
  } as const
}
