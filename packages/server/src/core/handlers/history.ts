import type { HistoryFrame } from '@org/realtime-protocol'
import { authorizeSubscribe } from '../authorization.js'
import type { Connection } from '../connection.js'
import type { Node } from '../node.js'
import { encodedHistory } from '../encoded-frame.js'
import { readPage } from '../reading.js'
import { FULL_RETRY_MS } from '../retry.js'
import type { Session } from '../session.js'
import { isWireError } from '../wire-errors.js'

/** `history`: reads a page of the log, for whoever may subscribe to the channel. PROTOCOL.md §3.5. */
export function history(node: Node, connection: Connection, session: Session, frame: HistoryFrame): void {
  const { ref, channel, after, before, limit } = frame
  const taken = connection.inbox.run('history', async () => {
    // Several pages asked for at once would fill the queue of a link that has read none of them yet.
    await connection.room()
    if (connection.isClosed) return
    const resolved = await authorizeSubscribe(node, session, channel)
    const query = { after, before, limit }
    // A page must fit the send queue, or asking for it would cut the link, again and again.
    const maxBytes = node.limits.sendQueueSoftBytes
    const page = isWireError(resolved) ? resolved : await readPage(node, resolved.name, query, maxBytes)
    if (isWireError(page)) return connection.say({ type: 'error', ref, ...page })
    connection.send(encodedHistory(ref, channel, page))
  })
  if (taken) return
  node.limited(connection.inbox.isFull ? 'inboxFrames' : 'inFlight', { peer: connection.peer })
  connection.fail(ref, 'RATE_LIMITED', { retryAfterMs: FULL_RETRY_MS })
}
