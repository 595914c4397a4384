import type { Connection } from '../connection.js'
import { endSession } from '../endings.js'
import type { Node } from '../node.js'
import type { Session } from '../session.js'

/** `goodbye`: ends the session and its presence at once, where any other end only detaches it. PROTOCOL.md §3.7. */
export function goodbye(node: Node, connection: Connection, session: Session): void {
  endSession(node, session)
  connection.close(1000, '')
}
