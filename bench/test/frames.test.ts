import { describe, expect, it } from 'vitest'
import { FrameSplitter, masked } from '../src/generator/frames.js'

/** A frame as a server sends it. */
function frame(opcode: number, payload: Buffer): Buffer {
  const size = payload.length
  if (size < 126) return Buffer.concat([Buffer.from([0x80 | opcode, size]), payload])
  const head = Buffer.alloc(size < 65_536 ? 4 : 10)
  head[0] = 0x80 | opcode
  head[1] = size < 65_536 ? 126 : 127
  if (size < 65_536) head.writeUInt16BE(size, 2)
  else head.writeBigUInt64BE(BigInt(size), 2)
  return Buffer.concat([head, payload])
}

function collect() {
  const heard: string[] = []
  const splitter = new FrameSplitter({
    text: (bytes, start, end) => void heard.push(bytes.toString('utf8', start, end)),
    close: (code) => void heard.push(`close ${code}`),
  })
  return { heard, splitter }
}

const SHORT = ['', 'a', 'ü'.repeat(62), 'b'.repeat(126), 'end']
const LONG = [...SHORT, 'c'.repeat(70_000), 'end']

function stream(texts: readonly string[]): Buffer {
  const frames = texts.map((text) => frame(1, Buffer.from(text)))
  return Buffer.concat([...frames, frame(9, Buffer.from('are you there')), frame(8, Buffer.from([0x0f, 0xa0]))])
}

describe('the frame splitter', () => {
  it.each([
    [1, SHORT],
    [2, SHORT],
    [3, SHORT],
    [7, SHORT],
    [1_000, LONG],
    [100_000, LONG],
  ])('finds every frame in pieces of %d bytes', (size, texts) => {
    const { heard, splitter } = collect()
    const bytes = stream(texts)
    // As a socket does, every read lands in the same memory.
    const memory = Buffer.alloc(size)
    for (let at = 0; at < bytes.length; at += size) {
      const length = bytes.copy(memory, 0, at, at + size)
      splitter.take(memory.subarray(0, length))
    }
    expect(heard).toEqual([...texts, 'close 4000'])
  })
})

describe('a frame to a server', () => {
  it.each([0, 125, 126, 300])('is masked and says its %d bytes', (size) => {
    const bytes = masked('x'.repeat(size))
    expect(bytes[1]! & 0x80).toBe(0x80)
    const length = size < 126 ? bytes[1]! & 0x7f : bytes.readUInt16BE(2)
    expect(length).toBe(size)
    expect(bytes.subarray(bytes.length - size).toString()).toBe('x'.repeat(size))
    expect(bytes.length).toBe(size + (size < 126 ? 6 : 8))
  })
})
