/** The transport of a client, as its `transport` option wants it. */
export interface ClientTransport {
  /** Starts to open a link. No event is told before it has returned. */
  dial(url: string, subprotocol: string, events: ClientLinkEvents): ClientLink
}

/** What a link tells its client. */
export interface ClientLinkEvents {
  /** The link is open. */
  opened(): void
  /** A message came. */
  message(text: string): void
  /** The link is over, or never came to be. */
  closed(code: number, reason: string): void
}

/** The client's end of a link. */
export interface ClientLink {
  /** Sends one message. */
  send(text: string): void
  /** Ends the link after what was sent. */
  close(code: number, reason: string): void
  /** Bytes that have not left yet. */
  readonly bufferedBytes: number
}
