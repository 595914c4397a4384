import { closePolicy, type WireError } from '@org/realtime-protocol'
import type { Attributes } from './attributes.js'
import type { Connection } from './connection.js'
import type { Dismissal } from './dismissals.js'
import { endSession } from './endings.js'
import { subscribe } from './handlers/subscribe.js'
import type { Node } from './node.js'
import { resolveChannel } from './resolved-channel.js'
import type { Session } from './session.js'
import type { HeldLink } from './session-registry.js'
import type { Target } from './target.js'
import { isWireError, wireError } from './wire-errors.js'
import { vacate } from './vacate.js'

/** What the server does with sessions that this node answers for. Each says for how many it was done, or why not. */
export type Done = { readonly sessions: number } | WireError

/**
 * Sends links away. Their sessions are over, and those that have lost their links, unless the code has clients come
 * back.
 */
export function dismiss(node: Node, target: Target, dismissal: Dismissal): Done {
  node.dismissals.add(target, dismissal)
  const held = node.registry.of(target)
  for (const link of held) dismissOne(node, link, dismissal)
  if (isToComeBack(dismissal)) return { sessions: held.length }
  const absent = node.absent.of(target)
  for (const session of absent) {
    endSession(node, session)
    node.absent.remove(session.id, Infinity)
  }
  return { sessions: held.length + absent.length }
}

/** Sends one link away. */
export function dismissOne(
  node: Node,
  { session, connection }: Pick<HeldLink, 'session' | 'connection'>,
  dismissal: Dismissal,
): void {
  if (!isToComeBack(dismissal)) endSession(node, session)
  connection.dismiss(dismissal.code, dismissal.reason)
}

/** Whether whoever is sent away like this keeps its session. */
export function isToComeBack({ code }: Dismissal): boolean {
  return closePolicy(code) === 'reconnect'
}

/**
 * Subscribes sessions to a channel. No rule is asked, and a resume brings it back: for a session without a link, that is
 * all there is to do.
 */
export function keepSubscribed(node: Node, target: Target, channel: string): Promise<Done> {
  return each(node, target, async (session, connection) => {
    const resolved = resolveChannel(node.declarations, channel, session.user)
    if (isWireError(resolved)) return resolved
    if (connection && !hasRoom(connection, channel, node.limits.channels)) return wireError('LIMIT_EXCEEDED')
    const failure = await session.kept.add(channel, session, node)
    if (failure) return failure
    // It may have been taken back while it was written.
    if (connection?.isOpen && session.isKept(channel)) subscribe(node, connection, session, { channel, generation: 0 })
    return undefined
  })
}

function hasRoom({ subscriptions, pending }: Connection, channel: string, channels: number): boolean {
  return subscriptions.has(channel) || pending.has(channel) || subscriptions.size + pending.size < channels
}

/**
 * Ends subscriptions of sessions to a channel, whoever made them, and what they watch there, which takes the same right.
 * The client may ask again; then the rule decides, as it does when a session without a link is resumed.
 */
export function revoke(node: Node, target: Target, channel: string): Promise<Done> {
  return each(node, target, (session, connection) => {
    session.revocations += 1
    const written = session.drop(channel, node)
    if (connection) expel(node, connection, channel)
    return written
  })
}

function expel(node: Node, connection: Connection, channel: string): void {
  const generation = connection.pending.get(channel) ?? connection.subscriptions.get(channel)?.generation
  if (generation !== undefined) {
    connection.pending.delete(channel)
    vacate(node, connection, channel)
    connection.endSubscription(channel, generation, 'FORBIDDEN')
  }
  const ref = node.presence.hub.refOf(channel, connection)
  if (node.presence.hub.unwatch(channel, connection)) connection.fail(ref, 'FORBIDDEN')
}

/** Changes attributes of sessions. */
export function setAttributes(node: Node, target: Target, changes: Attributes): Promise<Done> {
  return each(node, target, (session) => session.kept.set(changes, session, node))
}

type Work = (session: Session, connection?: Connection) => Promise<WireError | undefined> | undefined

/** Does something for all sessions of a target that this node answers for, with their links, if they have any. */
async function each(node: Node, target: Target, work: Work): Promise<Done> {
  const held = node.registry.of(target).map(({ session, connection }) => work(session, connection))
  const absent = node.absent.of(target).map(async (session) => {
    const failure = await work(session)
    // Somebody else answers for it, or it is over: whoever asks again is not told so by this node.
    if (failure?.code === 'SUPERSEDED') node.absent.remove(session.id, Infinity)
    return failure
  })
  const failures = await Promise.all([...held, ...absent])
  return failures.find((failure) => failure !== undefined) ?? { sessions: failures.length }
}
