import type { Node } from './node.js'
import type { Session } from './session.js'

/** Ends a session for good: nobody can resume it, and it leaves wherever it is present. */
export function endSession(node: Node, session: Session): void {
  session.isOver = true
  node.sessions.release(session.id, session.owner).catch((error: unknown) => {
    node.logger.error('session store failed', { operation: 'release', error })
  })
  node.presence.end(session)
}
