import type { EncodedFrame } from '../ports/index.js'

const FIN_TEXT = 0x81

/** A WebSocket text frame as a server sends it: unmasked, whole, uncompressed (RFC 6455 §5.2). */
export function framed(text: string, bytes: number): Buffer {
  const header = bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(header + bytes)
  frame[0] = FIN_TEXT
  if (header === 2) frame[1] = bytes
  else if (header === 4) {
    frame[1] = 126
    frame.writeUInt16BE(bytes, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(bytes), 2)
  }
  frame.write(text, header, 'utf8')
  return frame
}

/** The bytes of a frame, made once however many links it goes to. */
function wireOf(frame: EncodedFrame): Uint8Array {
  return (frame.wire ??= framed(frame.text, frame.bytes))
}

/**
 * Joins the frames of one turn into one buffer, and remembers the result as long as somebody has the list: subscribers
 * of the same channels have one list of frames to send, and share the same bytes.
 */
export class FrameJoiner {
  private readonly joined = new WeakMap<readonly EncodedFrame[], Uint8Array>()

  /** One buffer that holds all the frames. */
  join(frames: readonly EncodedFrame[]): Uint8Array {
    const [only] = frames
    if (only && frames.length === 1) return wireOf(only)
    const known = this.joined.get(frames)
    if (known) return known
    const bytes = Buffer.concat(frames.map(wireOf))
    this.joined.set(frames, bytes)
    return bytes
  }
}
