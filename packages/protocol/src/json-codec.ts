import { CLIENT_FRAMES } from './client-frames.js'
import { isProtocolError, type Codec, type ExplainedError } from './codec.js'
import type { ClientFrame, ServerFrame } from './frame.js'
import { DEFAULT_LIMITS } from './limits.js'
import { SERVER_FRAMES } from './server-frames.js'
import { fits, malformed, validate } from './validate.js'
import { SUBPROTOCOL } from './version.js'

/** The JSON codec as a server uses it: reads what clients say, and says where that is wrong. */
export const serverCodec: Codec<ClientFrame, ServerFrame, ExplainedError> = {
  name: SUBPROTOCOL,
  encode: JSON.stringify,
  decode(text) {
    const frame = validate<ClientFrame>(parsed(text), CLIENT_FRAMES)
    return isProtocolError(frame) ? frame : (checkTogether(frame) ?? frame)
  },
}

/** The JSON codec as a client uses it: reads what servers say. Small, since every page downloads it. */
export const clientCodec: Codec<ServerFrame, ClientFrame> = {
  name: SUBPROTOCOL,
  encode: JSON.stringify,
  decode(text) {
    const value = parsed(text)
    const shape = fits(value, { type: '' }) && SERVER_FRAMES[(value as ServerFrame).type]
    if (shape && fits(value, shape)) return value as ServerFrame
    return { type: 'protocol-error', kind: shape === undefined ? 'unsupported' : 'malformed' }
  },
}

/** What a text holds; what is no JSON is no object either. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Rules that join two fields of one frame, and how long its lists may be. */
function checkTogether(frame: ClientFrame): ExplainedError | undefined {
  if (frame.type === 'connect') {
    for (const name of ['subscriptions', 'acknowledged'] as const) {
      if ((frame[name]?.length ?? 0) > DEFAULT_LIMITS.channels)
        return malformed([`at most ${DEFAULT_LIMITS.channels} entries`, name])
    }
  }
  if (frame.type === 'publish') {
    if ((frame.seq === undefined) !== (frame.lowest === undefined))
      return malformed(['seq and lowest together', 'lowest'])
    if (frame.seq !== undefined && frame.lowest !== undefined && frame.lowest > frame.seq) {
      return malformed(['a number up to seq', 'lowest'])
    }
  }
  if (frame.type === 'history' && frame.after && frame.before) return malformed(['after or before, not both', 'before'])
  return undefined
}

/** Parts of a publication frame, with the data as JSON text. */
export interface PublicationText {
  /** The channel. */
  readonly channel: string
  /** Epoch of its position. */
  readonly epoch: string
  /** Offset of its position. */
  readonly offset: number
  /** Names the publication. */
  readonly id: string
  /** When it was stored, in milliseconds since 1970. */
  readonly at: number
  /** The data, as JSON text. It is put into the frame as it is. */
  readonly payload: string
  /** Who published; absent when a server did. */
  readonly from?: { readonly user: string | null; readonly session: string } | undefined
  /** What travels for tools. */
  readonly meta?: Readonly<Record<string, string>> | undefined
}

/** Encodes a publication whose data is JSON text already, so that data is turned into text only once in its life. */
export function encodePublication(publication: PublicationText): string {
  const { channel, epoch, offset, id, at, payload, from, meta } = publication
  return (
    `{"type":"publication","channel":${JSON.stringify(channel)},"epoch":${JSON.stringify(epoch)},"offset":${offset}` +
    `,"id":${JSON.stringify(id)},"at":${at},"data":${payload}` +
    (from ? `,"from":${JSON.stringify(from)}` : '') +
    (meta ? `,"meta":${JSON.stringify(meta)}}` : '}')
  )
}
