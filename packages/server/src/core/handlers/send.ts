import type { SendFrame } from '@org/realtime-protocol'
import type { Connection } from '../connection.js'
import type { Node } from '../node.js'
import type { Session } from '../session.js'
import { isWireError } from '../wire-errors.js'

/**
 * `send`: publishes at most once and answers nothing, whatever becomes of it. It waits in line with the publishes to the
 * channel, so that order is kept; where the line is full, it is dropped. PROTOCOL.md §3.4.
 */
export function send(node: Node, connection: Connection, session: Session, frame: SendFrame): void {
  const { channel, id, data, meta } = frame
  const taken = connection.inbox.run(`publish ${channel}`, async () => {
    const outcome = await node.publishing.fromSession(session, { channel, id, data, meta }, () => !connection.isLost)
    if (isWireError(outcome)) node.logger.debug('send dropped', { channel, session: session.id, code: outcome.code })
  })
  if (!taken) node.limited(connection.inbox.isFull ? 'inboxFrames' : 'inFlight', { peer: connection.peer })
}
