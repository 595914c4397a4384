import type { RefreshFrame, WireError } from '@org/realtime-protocol'
import type { Connection } from '../connection.js'
import type { Node } from '../node.js'
import { FULL_RETRY_MS } from '../retry.js'
import { review } from '../review.js'
import type { Session } from '../session.js'
import { isWireError, wireError } from '../wire-errors.js'

/** `refresh`: takes a new token in place of the old one, and asks the rules again. PROTOCOL.md §3.11. */
export function refresh(node: Node, connection: Connection, session: Session, frame: RefreshFrame): void {
  const { ref, token } = frame
  const taken = connection.inbox.run('refresh', async () => {
    const expiry = await renewed(node, connection, session, token)
    // Without a link there is nobody to keep; with an error, everything stays as it was.
    if (connection.isClosed) return
    if (isWireError(expiry)) {
      if (expiry.retryable) connection.remind()
      return connection.say({ type: 'error', ref, ...expiry })
    }
    connection.admit(expiry.expiresInMs)
    connection.say({ type: 'result', ref, ...expiry })
    await review(node, connection, session)
  })
  if (taken) return
  node.limited(connection.inbox.isFull ? 'inboxFrames' : 'inFlight', { peer: connection.peer })
  connection.remind()
  connection.fail(ref, 'RATE_LIMITED', { retryAfterMs: FULL_RETRY_MS })
}

/** Has the application judge a token; gives its expiry, once the session has the identity that goes with it. */
async function renewed(
  node: Node,
  connection: Connection,
  session: Session,
  token: string,
): Promise<{ readonly expiresInMs?: number } | WireError> {
  // What came with the upgrade was let go of long ago, and is no proof of anything by now.
  const handshake = { url: '', headers: {}, remoteAddress: connection.address }
  const admission = await node.admit({ reason: 'refresh', token, data: undefined, handshake })
  if (typeof admission === 'string') return wireError(admission === 'STATE' ? 'INTERNAL' : 'UNAUTHORIZED')
  const { user, expiresInMs } = admission
  if ((user?.id ?? null) !== session.user) {
    return wireError('FORBIDDEN', { message: 'the token is of another user than the session' })
  }
  if (!connection.isClosed) session.identity = user
  return expiresInMs === undefined ? {} : { expiresInMs }
}
