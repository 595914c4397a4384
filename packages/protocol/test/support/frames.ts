import type { ClientFrame, Frame, ProtocolError, ServerFrame } from '../../src/index.js'
import { clientCodec, serverCodec } from '../../src/index.js'

/** Who sends a frame. */
export type Side = 'client' | 'server'

const client: Record<ClientFrame['type'], true> = {
  connect: true,
  subscribe: true,
  unsubscribe: true,
  publish: true,
  send: true,
  presence: true,
  call: true,
  cancel: true,
  result: true,
  error: true,
  refresh: true,
  history: true,
  ping: true,
  pong: true,
  goodbye: true,
}

const server: Record<ServerFrame['type'], true> = {
  connected: true,
  reply: true,
  result: true,
  call: true,
  cancel: true,
  join: true,
  leave: true,
  presence: true,
  state: true,
  expiring: true,
  error: true,
  subscribed: true,
  unsubscribed: true,
  publication: true,
  gap: true,
  rebase: true,
  ping: true,
  pong: true,
  closing: true,
}

/** Types of the frames of each side. The compiler holds the lists to the unions. */
export const FRAME_TYPES: Readonly<Record<Side, readonly string[]>> = {
  client: Object.keys(client),
  server: Object.keys(server),
}

/** Decodes what a side says, as the other side does. */
export function decode(side: Side, text: string): Frame | ProtocolError {
  return side === 'client' ? serverCodec.decode(text) : clientCodec.decode(text)
}

/** Encodes what a side says. */
export function encode(side: Side, frame: Frame): string {
  return side === 'client' ? clientCodec.encode(frame as ClientFrame) : serverCodec.encode(frame as ServerFrame)
}
