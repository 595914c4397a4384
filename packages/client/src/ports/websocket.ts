/** The part of a WebSocket class that the client uses. Browsers, Node 22, `ws`, Deno, Bun and workers have one. */
export type WebSocketConstructor = new (url: string, protocols: string) => WebSocketLike

/** The part of a WebSocket that the client uses. */
export interface WebSocketLike {
  /** The subprotocol the server chose. */
  readonly protocol: string
  /** 1 while open. */
  readonly readyState: number
  /** Bytes not sent yet. */
  readonly bufferedAmount: number
  /** Called when it is open. */
  onopen: ((event: never) => void) | null
  /** Called with each message. */
  onmessage: ((event: never) => void) | null
  /** Called when it is closed. */
  onclose: ((event: never) => void) | null
  /** Called before `onclose` when something failed. */
  onerror: ((event: never) => void) | null
  /** Sends a text. */
  send(text: string): void
  /** Closes. */
  close(code: number, reason: string): void
}
