import type { Connection } from './connection.js'
import type { Node } from './node.js'
import { PendingCalls } from './pending-calls.js'
import { ServedCalls } from './served-calls.js'

/** The calls of one link, both ways. A link that never calls has none of this. */
export class LinkCalls {
  /** What the client calls. */
  readonly served: ServedCalls
  /** What this server calls. */
  readonly pending: PendingCalls

  constructor(node: Node, connection: Connection) {
    this.served = new ServedCalls(node, connection)
    this.pending = new PendingCalls(node.clock, connection, node.limits.sendQueueSoftBytes)
  }

  /** Whether one waits for its answer. */
  get isBusy(): boolean {
    return this.served.size > 0 || this.pending.size > 0
  }

  /** The link is over. */
  end(): void {
    this.pending.end()
    this.served.end()
  }
}
