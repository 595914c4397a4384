import { NULL_POSITION, type PresenceFrame, type WireError } from '@org/realtime-protocol'
import { authorizeSubscribe } from '../authorization.js'
import type { PresenceOutcome } from '../../ports/index.js'
import type { Connection } from '../connection.js'
import type { LimitName, Node } from '../node.js'
import { presenceReply, type Told } from '../presence-frames.js'
import { FULL_RETRY_MS } from '../retry.js'
import type { Session } from '../session.js'
import { isWireError, wireError } from '../wire-errors.js'

/** `presence`: enters, leaves, lists and watches, in order within a channel. PROTOCOL.md §3.9. */
export function presence(node: Node, connection: Connection, session: Session, frame: PresenceFrame): void {
  const taken = connection.inbox.run(`presence ${frame.channel}`, async () => {
    const failure = connection.isClosed ? undefined : await perform(node, connection, session, frame)
    if (!failure) return
    const limit = LIMITS.get(failure.code)
    if (limit) node.limited(limit, { peer: connection.peer })
    if (frame.action === 'enter') node.instruments.presenceRefused.add(failure.code)
    connection.say({ type: 'error', ref: frame.ref, ...failure })
  })
  if (taken) return
  node.limited(connection.inbox.isFull ? 'inboxFrames' : 'inFlight', { peer: connection.peer })
  connection.fail(frame.ref, 'RATE_LIMITED', { retryAfterMs: FULL_RETRY_MS })
}

/** What was met when a request fails like this. */
const LIMITS = new Map<string, LimitName>([
  ['LIMIT_EXCEEDED', 'channels'],
  ['TOO_LARGE', 'presenceBytes'],
])

/** Does what was asked and answers it; what cannot be done comes back. */
async function perform(
  node: Node,
  connection: Connection,
  session: Session,
  frame: PresenceFrame,
): Promise<WireError | undefined> {
  const { ref, channel, action, data } = frame
  const { hub } = node.presence
  const { identity, revocations } = session
  if (action === 'enter') {
    const admitted = await node.presence.entry.admit(session, channel, data)
    // Whom a refresh has made another identity is judged anew: the review after it knows only of those who are in.
    if (session.identity !== identity) return perform(node, connection, session, frame)
    if (isWireError(admitted)) return admitted
    // A session whose link is gone enters by its next one.
    if (connection.isClosed) return undefined
    return settle(connection, ref, await node.presence.enter(session, channel, admitted.payload))
  }
  const found = node.presence.entry.find(channel, session.user)
  // What has lost its presence by a new declaration can still be let go of.
  const watched = action === 'unwatch' && hub.unwatch(channel, connection)
  if (isWireError(found)) return found
  if (action === 'unwatch') {
    // Who did not watch may not be one who may: it learns nothing of the channel.
    connection.say({ type: 'reply', ref, position: (watched && hub.get(channel)?.told?.position) || NULL_POSITION })
    return undefined
  }
  if (action === 'leave') return settle(connection, ref, await node.presence.leave(session, channel))

  const allowed = await authorizeSubscribe(node, session, channel)
  if (isWireError(allowed)) return allowed
  if (action === 'watch') {
    const begin = (told: Told) => {
      // A link that reads nothing makes this wait for as long as it likes, and who takes a right away knows only of
      // those who watch.
      if (session.identity !== identity || session.revocations !== revocations) return false
      connection.send(presenceReply(ref, told))
      return true
    }
    const outcome = await hub.watch(channel, connection, begin, ref)
    return outcome === 'put off' ? perform(node, connection, session, frame) : outcome
  }
  const told = await node.presence.look(channel)
  if (isWireError(told)) return told
  await connection.room()
  connection.send(presenceReply(ref, told))
  return undefined
}

function settle(connection: Connection, ref: number, outcome: PresenceOutcome | WireError): WireError | undefined {
  if (isWireError(outcome)) return outcome
  if (outcome.kind === 'superseded') return wireError('SUPERSEDED')
  connection.say({ type: 'reply', ref, position: outcome.position })
  return undefined
}
