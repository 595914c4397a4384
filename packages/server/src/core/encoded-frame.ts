import { encodePublication, serverCodec, utf8Bytes, type ServerFrame } from '@org/realtime-protocol'
import type { EncodedFrame, StoredPublication } from '../ports/index.js'

/** A frame encoded by the codec, ready to be shared by many links. */
export function encoded(frame: ServerFrame): EncodedFrame {
  return measured(serverCodec.encode(frame))
}

/** A publication frame. Its data stays the text it is. */
export function encodedPublication(channel: string, epoch: string, publication: StoredPublication): EncodedFrame {
  return measured(encodePublication({ channel, epoch, ...publication }))
}

function measured(text: string): EncodedFrame {
  return { text, bytes: utf8Bytes(text) }
}
