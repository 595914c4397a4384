const TEXT = 0x1
const CLOSE = 0x8

/** Hears what a splitter finds. */
export interface FrameListener {
  /** A text frame: its payload lies between `start` and `end`. The bytes are gone after the call. */
  text(bytes: Buffer, start: number, end: number): void
  /** The server closes the link, with this code. */
  close(code: number): void
}

/** Finds the frames of a server in what arrives, whatever pieces it comes in. Payloads are never looked at. */
export class FrameSplitter {
  private rest: Buffer | undefined

  constructor(private readonly listener: FrameListener) {}

  /** Takes bytes in. They may change after the call. */
  take(chunk: Buffer): void {
    const bytes = this.rest ? Buffer.concat([this.rest, chunk]) : chunk
    let at = 0
    while (at + 2 <= bytes.length) {
      let length = bytes[at + 1]! & 0x7f
      let start = at + 2
      if (length === 126) {
        if (start + 2 > bytes.length) break
        length = bytes.readUInt16BE(start)
        start += 2
      } else if (length === 127) {
        if (start + 8 > bytes.length) break
        length = Number(bytes.readBigUInt64BE(start))
        start += 8
      }
      const end = start + length
      if (end > bytes.length) break
      const opcode = bytes[at]! & 0x0f
      if (opcode === TEXT) this.listener.text(bytes, start, end)
      else if (opcode === CLOSE) this.listener.close(length >= 2 ? bytes.readUInt16BE(start) : 1005)
      at = end
    }
    // The chunk is used again for the next read, so what is not a whole frame yet is copied.
    this.rest = at === bytes.length ? undefined : Buffer.from(bytes.subarray(at))
  }
}

/** A text frame as a client sends it. The mask is zero: it costs a server the same as any other. */
export function masked(text: string): Buffer {
  const bytes = Buffer.byteLength(text)
  if (bytes > 65_535) throw new RangeError('a generator sends no messages above 65,535 bytes')
  const header = bytes < 126 ? 6 : 8
  const frame = Buffer.alloc(header + bytes)
  frame[0] = 0x81
  frame[1] = 0x80 | (header === 6 ? bytes : 126)
  if (header === 8) frame.writeUInt16BE(bytes, 2)
  frame.write(text, header)
  return frame
}
