/**
 * Words between the nodes of a backend: who holds which session, send this link away. Nothing is kept.
 *
 * Delivery: a word arrives at most once, and not at all where the way is broken; who needs an answer waits for one with a
 * deadline. Words from one node to another arrive in the order they were said. A node never hears its own.
 * Failure: a promise rejects when it is not known whether the word was handed on.
 */
export interface Control {
  /** Name of this node, unlike that of any other that ever joined. */
  readonly node: string
  /** Names of the other nodes. One that died without a word may be among them for a while; one that lives always is. */
  others(): Promise<readonly string[]>
  /** Hands a text to every other node. */
  broadcast(text: string): Promise<void>
  /** Hands a text to one node. When there is none of that name, nobody hears it. */
  send(node: string, text: string): Promise<void>
}

/** What a node hears. */
export interface ControlHandler {
  /** A word from another node. Never from inside a call to {@link Control}. */
  heard(from: string, text: string): void
}
