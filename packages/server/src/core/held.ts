import { closePolicy, type WireError } from '@org/realtime-protocol'
import type { Attributes } from './attributes.js'
import type { Dismissal } from './dismissals.js'
import { subscribe } from './handlers/subscribe.js'
import type { Node } from './node.js'
import { resolveChannel } from './resolved-channel.js'
import type { HeldLink } from './session-registry.js'
import type { Target } from './target.js'
import { isWireError, wireError } from './wire-errors.js'
import { vacate } from './vacate.js'

/** What the server does with sessions that this node holds. Each says for how many it was done, or why not. */
export type Done = { readonly sessions: number } | WireError

/** Sends links away. Their sessions are over, unless the code has clients come back. */
export function dismiss(node: Node, target: Target, dismissal: Dismissal): Done {
  node.dismissals.add(target, dismissal)
  const held = node.registry.of(target)
  for (const link of held) dismissOne(node, link, dismissal)
  return { sessions: held.length }
}

/** Sends one link away. */
export function dismissOne(
  node: Node,
  { session, connection }: Pick<HeldLink, 'session' | 'connection'>,
  { code, reason }: Dismissal,
): void {
  if (closePolicy(code) !== 'reconnect') {
    node.sessions.release(session.id, session.owner).catch((error: unknown) => {
      node.logger.error('session store failed', { operation: 'release', error })
    })
    node.presence.end(session)
  }
  connection.dismiss(code, reason)
}

/** Subscribes sessions to a channel. No rule is asked, and a resume brings it back. */
export function keepSubscribed(node: Node, target: Target, channel: string): Promise<Done> {
  return each(node, target, async ({ session, connection }) => {
    const resolved = resolveChannel(node.declarations, channel, session.user)
    if (isWireError(resolved)) return resolved
    const isNew = !connection.subscriptions.has(channel) && !connection.pending.has(channel)
    const places = connection.subscriptions.size + connection.pending.size
    const { channels } = node.limits
    if ((isNew && places >= channels) || session.subscriptions.length >= channels) return wireError('LIMIT_EXCEEDED')
    const failure = await session.kept.add(channel, session, node)
    if (failure) return failure
    // It may have been taken back while it was written.
    if (connection.isOpen && session.isKept(channel)) subscribe(node, connection, session, { channel, generation: 0 })
    return undefined
  })
}

/**
 * Ends subscriptions of sessions to a channel, whoever made them, and what they watch there, which takes the same right.
 * The client may ask again; then the rule decides.
 */
export function revoke(node: Node, target: Target, channel: string): Promise<Done> {
  return each(node, target, ({ session, connection }) => {
    const generation = connection.pending.get(channel) ?? connection.subscriptions.get(channel)?.generation
    const written = session.kept.remove(channel, session, node)
    if (generation !== undefined) {
      connection.pending.delete(channel)
      vacate(node, connection, channel)
      connection.endSubscription(channel, generation, 'FORBIDDEN')
    }
    const ref = node.presence.hub.refOf(channel, connection)
    if (node.presence.hub.unwatch(channel, connection)) connection.fail(ref, 'FORBIDDEN')
    return written
  })
}

/** Changes attributes of sessions. */
export function setAttributes(node: Node, target: Target, changes: Attributes): Promise<Done> {
  return each(node, target, ({ session }) => session.kept.set(changes, session, node))
}

async function each(
  node: Node,
  target: Target,
  work: (held: HeldLink) => Promise<WireError | undefined>,
): Promise<Done> {
  const held = node.registry.of(target)
  const failures = await Promise.all(held.map(work))
  return failures.find((failure) => failure !== undefined) ?? { sessions: held.length }
}
