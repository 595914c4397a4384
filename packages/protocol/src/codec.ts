/** Why bytes are not a frame. A value, never thrown. PROTOCOL.md §7.2. */
export interface ProtocolError {
  readonly type: 'protocol-error'
  /**
   * - `malformed`: not JSON, not an object, without a type, or a field that breaks its rule. Close code 4502.
   * - `unsupported`: a type this side does not know. A server answers `UNSUPPORTED`, a client ignores the frame.
   */
  readonly kind: 'malformed' | 'unsupported'
}

/** The same, with where and why: what a server says to whoever writes a client. */
export interface ExplainedError extends ProtocolError {
  /** Which field, or which type. */
  readonly path: string
  /** What was expected there, for people. */
  readonly expected: string
  /** Number of the request, when the frame carried a readable one. */
  readonly ref?: number
}

/** Turns frames into text and back. `decode` is total: any text gives a frame or an error value. */
export interface Codec<In, Out, Fault extends ProtocolError = ProtocolError> {
  /** The subprotocol this codec speaks. */
  readonly name: string
  /** One frame as the text of one WebSocket message. */
  encode(frame: Out): string
  /** The frame a text holds, or why it holds none. Never throws. */
  decode(text: string): In | Fault
}

/** Whether decoding failed. */
export function isProtocolError(value: { readonly type: string }): value is ProtocolError {
  return value.type === 'protocol-error'
}
