import type { HistoryFrame } from '@org/realtime-protocol'
import type { Connection } from '../connection.js'
import type { Node } from '../node.js'
import { readHistory } from '../reading.js'
import type { Session } from '../session.js'
import { isWireError } from '../wire-errors.js'

/** `history`: reads a page of the log, for whoever may subscribe to the channel. PROTOCOL.md §3.5. */
export function history(node: Node, connection: Connection, session: Session, frame: HistoryFrame): void {
  const { ref, channel, after, before, limit } = frame
  const taken = connection.inbox.run('history', async () => {
    const allowed = await node.authorizeSubscribe(session, channel)
    const query = { after, before, limit }
    // A page must fit the send queue, or asking for it would cut the link, again and again.
    const maxBytes = node.limits.sendQueueSoftBytes
    const page = isWireError(allowed) ? allowed : await readHistory(node, channel, query, maxBytes)
    if (isWireError(page)) return connection.say({ type: 'error', ref, ...page })
    connection.say({ type: 'reply', ref, ...page })
  })
  if (!taken) connection.fail(ref, 'RATE_LIMITED', { retryAfterMs: 1_000 })
}
