import { assert, property, string } from 'fast-check'
import { utf8Bytes } from '@org/realtime-protocol'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import * as ws from 'ws'
import { expect, test } from 'vitest'
import type { EncodedFrame } from '../../src/index.js'
import { framed, FrameJoiner } from '../../src/ws/framing.js'

const frame = (text: string): EncodedFrame => ({ text, bytes: utf8Bytes(text) })

/** The part of `ws` that reads, which its types leave out. */
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable }

/** What the receiver of `ws`, as a client has it, reads from bytes. */
async function received(...chunks: Uint8Array[]): Promise<string[]> {
  const receiver = new Receiver({ isServer: false })
  const messages: string[] = []
  receiver.on('message', (data: Buffer, isBinary: boolean) => messages.push(isBinary ? 'binary' : data.toString()))
  const finished = once(receiver, 'finish')
  for (const chunk of chunks) receiver.write(chunk)
  receiver.end()
  await finished
  return messages
}

test.each([0, 1, 125, 126, 127, 65_535, 65_536, 200_000])('a text of %i bytes is read back whole', async (bytes) => {
  const text = 'x'.repeat(bytes)
  expect(await received(framed(text, bytes))).toEqual([text])
})

test('the header is the shortest that fits', () => {
  const header = (bytes: number) => framed('x'.repeat(bytes), bytes).length - bytes
  expect([0, 125, 126, 65_535, 65_536].map(header)).toEqual([2, 2, 4, 4, 10])
})

test('any text is framed as its UTF-8, and read back the same', async () => {
  const texts: string[] = ['', 'grüße', '😀'.repeat(40), '漢'.repeat(30_000)]
  assert(
    property(string({ unit: 'grapheme', maxLength: 300 }), (text) => void texts.push(text)),
    { numRuns: 100 },
  )
  const frames = texts.map((text) => framed(text, utf8Bytes(text)))
  for (const [i, bytes] of frames.entries()) {
    expect(bytes.subarray(-Buffer.byteLength(texts[i] ?? '') || bytes.length).toString()).toBe(texts[i])
  }
  expect(await received(...frames)).toEqual(texts)
})

test('a lone surrogate is written as the replacement character, and counted so', async () => {
  const text = 'a\uD800b'
  expect(framed(text, utf8Bytes(text))).toHaveLength(2 + 5)
  expect(await received(framed(text, utf8Bytes(text)))).toEqual(['a\uFFFDb'])
})

test('frames of one turn become one buffer that reads back as all of them, in order', async () => {
  const joiner = new FrameJoiner()
  const texts = ['a', 'é'.repeat(100), 'x'.repeat(70_000)]
  expect(await received(joiner.join(texts.map(frame)))).toEqual(texts)
})

test('links with one list of frames share the same bytes, others do not', () => {
  const joiner = new FrameJoiner()
  const [a, b, c] = [frame('a'), frame('b'), frame('a')]
  const list = [a, b]
  const first = joiner.join(list)
  const other = joiner.join([c, b])
  expect(other).not.toBe(first)
  expect(joiner.join([b, a])).not.toEqual(other)
  expect(joiner.join([a])).toBe(joiner.join([a]))
  // Whatever was joined in between.
  expect(joiner.join(list)).toBe(first)
})
