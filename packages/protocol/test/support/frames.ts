import { CLIENT_FRAMES } from '../../src/client-frames.js'
import type { ClientFrame, ExplainedError, Frame, ProtocolError, ServerFrame } from '../../src/index.js'
import { clientCodec, serverCodec } from '../../src/index.js'
import { SERVER_FRAMES } from '../../src/server-frames.js'
import { validate, type Shape } from '../../src/validate.js'

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

/**
 * Why a text is no frame of a side, in full. The client's own decoder says only what kind of fault it is; the rules of
 * both sides can say where it is as well.
 */
export function explain(side: Side, text: string): ExplainedError | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Judged as what is no object.
  }
  const found = side === 'client' ? serverCodec.decode(text) : validate<ServerFrame>(value, SERVER_FRAMES)
  return found.type === 'protocol-error' ? found : undefined
}

/** Names of the fields for which a side's frames of a type have rules, and whether each may be absent. */
export function fieldsOf(side: Side, type: string): Array<[name: string, optional: boolean]> {
  const { '?': optional = {}, ...required } = (side === 'client' ? CLIENT_FRAMES : SERVER_FRAMES)[type] ?? {}
  return [
    ...Object.keys(required).map((name): [string, boolean] => [name, false]),
    ...Object.keys(optional as Shape).map((name): [string, boolean] => [name, true]),
  ]
}

/** Encodes what a side says. */
export function encode(side: Side, frame: Frame): string {
  return side === 'client' ? clientCodec.encode(frame as ClientFrame) : serverCodec.encode(frame as ServerFrame)
}
