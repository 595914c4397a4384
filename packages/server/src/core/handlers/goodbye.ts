import type { Connection } from '../connection.js'
import type { Node } from '../node.js'
import type { Session } from '../session.js'

/** `goodbye`: ends the session and its presence at once, where any other end only detaches it. PROTOCOL.md §3.7. */
export function goodbye(node: Node, connection: Connection, session: Session): void {
  node.sessions.release(session.id, session.owner).catch((error: unknown) => {
    node.logger.error('session store failed', { operation: 'release', error })
  })
  node.presence.end(session)
  connection.close(1000, '')
}
