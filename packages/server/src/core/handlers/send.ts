import type { SendFrame } from '@org/realtime-protocol'
import type { Connection } from '../connection.js'
import type { Node } from '../node.js'
import type { Session } from '../session.js'
import { isWireError } from '../wire-errors.js'

/** Time in line after which a message of an `ephemeral` channel is out of date: what comes behind it says more. */
const OUT_OF_DATE_MS = 1_000

/**
 * `send`: publishes at most once and answers nothing, whatever becomes of it. It waits in line with the publishes to the
 * channel, so that order is kept; where the line is full, it is dropped. What nobody keeps is dropped as well when it has
 * waited for long: a backend that was away would be handed all of it at once. PROTOCOL.md §3.4.
 */
export function send(node: Node, connection: Connection, session: Session, frame: SendFrame): void {
  const { channel, id, data, meta } = frame
  const came = node.clock.now()
  const dropped = (code: string): void => node.logger.debug('send dropped', { channel, session: session.id, code })
  const taken = connection.inbox.run(`publish ${channel}`, async () => {
    const isLate = node.clock.now() - came > OUT_OF_DATE_MS && node.modeOf(channel) === 'ephemeral'
    if (isLate) return dropped('UNAVAILABLE')
    const outcome = await node.publishing.fromSession(session, { channel, id, data, meta }, () => !connection.isLost)
    if (isWireError(outcome)) dropped(outcome.code)
  })
  if (!taken) node.limited(connection.inbox.isFull ? 'inboxFrames' : 'inFlight', { peer: connection.peer })
}
