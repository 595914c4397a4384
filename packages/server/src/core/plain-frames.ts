import { utf8Bytes } from '@org/realtime-protocol'
import type { EncodedFrame } from '../ports/index.js'

const PUBLICATION = '{"type":"publication"'
const GAP = '{"type":"gap"'

/** What was made of a publication for plain links, so that it is made once. */
const raw = new WeakMap<EncodedFrame, EncodedFrame>()

/** A text as a frame. */
export function plainFrame(text: string): EncodedFrame {
  return { text, bytes: utf8Bytes(text) }
}

/** The data of a publication, as plain links get it: a text as it is, anything else as JSON. */
export function rawData(publication: EncodedFrame): EncodedFrame {
  let frame = raw.get(publication)
  if (!frame) {
    const { data } = JSON.parse(publication.text) as { readonly data: unknown }
    frame = plainFrame(typeof data === 'string' ? data : JSON.stringify(data))
    raw.set(publication, frame)
  }
  return frame
}

/** Whether a frame carries a publication. */
export function isPublication({ text }: EncodedFrame): boolean {
  return text.startsWith(PUBLICATION)
}

/** Whether a frame tells of publications that are missing. */
export function isGap({ text }: EncodedFrame): boolean {
  return text.startsWith(GAP)
}
