/** A frame encoded once and shared by every link it goes to. */
export interface EncodedFrame {
  /** The text of the WebSocket message. */
  readonly text: string
  /** Its length in UTF-8. */
  readonly bytes: number
  /** A place for the transport to keep what it made of the text, so that it is made once. */
  wire?: Uint8Array
}

/**
 * One link to a peer, as the engine sees it: outward here, inward in {@link TransportHandler}.
 *
 * Frames arrive whole, in order, at most once, and nothing is said when they do not arrive. Whoever calls `close` or
 * `terminate` still gets `closed` on the handler, once, in a later turn.
 */
export interface Transport {
  /** Sends frames, in order, in as few writes as can be. Does nothing once the link is closing. */
  write(frames: readonly EncodedFrame[]): void
  /** Closes the link after what was written. `reason` has at most 123 bytes of UTF-8. */
  close(code: number, reason: string): void
  /** Asks for a sign of life below the protocol: a ping of the WebSocket layer. For peers that do not speak ours. */
  ping(): void
  /** Cuts the link at once. What was written may be lost. */
  terminate(): void
  /** Bytes written that the operating system has not taken yet. */
  readonly bufferedBytes: number
  /** Bytes received so far. Only compared with itself: a change is a sign of life. */
  readonly receivedBytes: number
  /** Address of the peer, for logs. */
  readonly peer: string
}

/** What a transport tells the engine. Calls never come from inside a call to the transport. */
export interface TransportHandler {
  /** A text message arrived. */
  receive(text: string): void
  /** A message arrived that the subprotocol does not allow, such as a binary one. */
  violated(expected: string): void
  /** The peer asked for a sign of life below the protocol. The transport has answered. */
  pinged(): void
  /** `bufferedBytes` is zero again after a `write` had left some. May also come when it was little. */
  drained(): void
  /** The link is over. Called once, and nothing after it. */
  closed(code: number, reason: string): void
}

/** What the engine keeps of the HTTP request that opened a link. It is dropped once the link is authenticated. */
export interface Handshake {
  /** Path and query. */
  readonly url: string
  /** Headers by lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Address of the peer; behind trusted proxies that of the client. */
  readonly remoteAddress: string
}
