import { encodePublication, serverCodec, utf8Bytes, type ServerFrame } from '@org/realtime-protocol'
import type { EncodedFrame, HistoryPage, StoredPublication } from '../ports/index.js'

/** A frame encoded by the codec, ready to be shared by many links. */
export function encoded(frame: ServerFrame): EncodedFrame {
  return measured(serverCodec.encode(frame))
}

/** A frame with data of the application; nothing when that cannot be written as JSON: cycles, nesting too deep. */
export function tryEncoded(frame: ServerFrame): EncodedFrame | undefined {
  try {
    return encoded(frame)
  } catch {
    return undefined
  }
}

/** A publication frame. Its data stays the text it is. */
export function encodedPublication(channel: string, epoch: string, publication: StoredPublication): EncodedFrame {
  return measured(encodePublication({ channel, epoch, ...publication }))
}

/**
 * The answer to a reading of the log. The data stays the text it is, so that whatever could be stored can be told:
 * `JSON.stringify` fails on nesting that is only a little deeper than what it has once written.
 */
export function encodedHistory(ref: number, channel: string, { head, publications, more }: HistoryPage): EncodedFrame {
  const reply = serverCodec.encode({ type: 'reply', ref, position: head, more })
  const items = publications.map((publication) =>
    untyped(encodePublication({ channel, epoch: head.epoch, ...publication })),
  )
  return measured(`${reply.slice(0, -1)},"publications":[${items.join(',')}]}`)
}

const TYPE = '"type":"publication",'

/** A publication as it stands inside a list. */
function untyped(text: string): string {
  return text.replace(TYPE, '')
}

/** A frame of a text that is encoded already. */
export function measured(text: string): EncodedFrame {
  return { text, bytes: utf8Bytes(text) }
}
