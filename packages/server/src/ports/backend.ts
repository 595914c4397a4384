import type { Broker, BrokerHandler } from './broker.js'
import type { Control, ControlHandler } from './control.js'
import type { Logger } from './logger.js'
import type { PresenceHandler, PresenceStore } from './presence-store.js'
import type { SessionHandler, SessionStore } from './session-store.js'

/** What a backend tells a node. */
export type NodeHandler = BrokerHandler & SessionHandler & PresenceHandler & ControlHandler

/** What one node holds of a backend. */
export interface BackendNode {
  /** Keeps logs and carries publications between nodes. */
  readonly broker: Broker
  /** Keeps who holds which session. */
  readonly sessions: SessionStore
  /** Keeps who is present where. */
  readonly presence: PresenceStore
  /** Carries words between the nodes. */
  readonly control: Control
  /**
   * Clients will come: what takes time may begin, such as connecting. What goes wrong with it is told to the handler.
   * Joining alone opens nothing; a backend that opens nothing has no use for this.
   */
  open?(): void
  /** Lets go of everything. Nothing is told to the handler afterwards. */
  close(): Promise<void>
}

/** The shared part of a system: broker and stores in one object, which several servers of a process may share. */
export interface Backend {
  /**
   * Joins a node to the backend.
   *
   * @param logger That of the node. A backend which has something to report and no logger of its own reports there.
   */
  join(handler: NodeHandler, logger?: Logger): BackendNode
}
