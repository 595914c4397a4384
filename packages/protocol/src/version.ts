/** The subprotocol this library speaks: JSON text, one frame in each WebSocket message. PROTOCOL.md §2. */
export const SUBPROTOCOL = 'realtime.v1.json'

/** Subprotocols of this family that are named but not served yet. PROTOCOL.md §2. */
export const RESERVED_SUBPROTOCOLS: readonly string[] = ['realtime.v1.msgpack']

/**
 * Chooses the subprotocol for a handshake.
 *
 * @param offered What the client offered, in its order of preference; empty when it offered none.
 * @returns The chosen name, or `undefined` when none of the offers is served.
 */
export function negotiate(offered: Iterable<string>): string | undefined {
  for (const name of offered) if (name === SUBPROTOCOL) return name
  return undefined
}
