/**
 * Opens links. For tests and for runtimes without a standard WebSocket.
 *
 * Law: `dial` never throws. It returns at once, and a dial that fails reports `closed(1006, …)` later. A transport that
 * finds no WebSocket implementation reports `closed(4599, …)`, which ends the client.
 */
export interface Transport {
  /**
   * Starts to open a link. No event is reported before it has returned.
   *
   * @param url Where to.
   * @param subprotocol The one subprotocol to offer; a peer that answers with another is reported as `closed(1002, …)`.
   * @param events Whom to tell.
   */
  dial(url: string, subprotocol: string, events: LinkEvents): Link
}

/** What a link tells. Order: `opened` at most once, then messages in the order they were sent, then `closed`. */
export interface LinkEvents {
  /** The link is open: it may be sent to. */
  opened(): void
  /** One WebSocket message came. Binary messages, which this protocol has none of, are told as the empty text. */
  message(text: string): void
  /** The link is gone, or never came to be. Called exactly once; nothing follows it. */
  closed(code: number, reason: string): void
}

/** One link. Its methods never throw and do nothing once it is closed. */
export interface Link {
  /** Sends one message. What is sent before `opened` may be lost. */
  send(text: string): void
  /** Ends the link after what was sent, with 1000 or 3000–4999. `closed` may follow late; the caller does not wait. */
  close(code: number, reason: string): void
  /** Bytes accepted by `send` that have not left yet. */
  readonly bufferedBytes: number
}

/** Close code by which a transport says that there is no WebSocket implementation. It is never on the wire. */
export const NO_WEBSOCKET = 4599
