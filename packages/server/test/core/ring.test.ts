import { clientCodec } from '@org/realtime-protocol'
import { array, assert, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { Page } from '../../src/core/page.js'
import { Ring } from '../../src/core/ring.js'
import type { EncodedFrame, StoredPublication } from '../../src/index.js'

const stored = (offset: number, text = ''): StoredPublication => ({
  offset,
  id: `m${offset}`,
  at: 1,
  payload: JSON.stringify(text),
})

const told = (frame: EncodedFrame | undefined) => {
  const decoded = frame && clientCodec.decode(frame.text)
  return decoded?.type === 'publication' ? { epoch: decoded.epoch, offset: decoded.offset } : undefined
}

test('an empty ring covers nothing and has no frames', () => {
  const ring = new Ring('c')
  expect(ring.covers(0)).toBe(false)
  expect(ring.after('E', 0)).toBeUndefined()
})

test('it gives the frame that follows an offset, and covers exactly the offsets from which nothing is missing', () => {
  assert(
    property(
      integer({ min: 1, max: 1_000 }),
      array(integer({ min: 0, max: 9 }), { maxLength: 300 }),
      (first, texts) => {
        const ring = new Ring('c')
        texts.forEach((n, i) => ring.push('E', stored(first + i, 'x'.repeat(n))))
        const last = first + texts.length - 1
        const oldest = Math.max(first, last - 255)
        for (const offset of [oldest - 2, oldest - 1, oldest, last - 1, last, last + 1]) {
          const held = texts.length > 0 && offset + 1 >= oldest && offset + 1 <= last
          expect(told(ring.after('E', offset))).toEqual(held ? { epoch: 'E', offset: offset + 1 } : undefined)
          expect(ring.covers(offset)).toBe(texts.length > 0 && offset + 1 >= oldest)
        }
      },
    ),
    { numRuns: 50 },
  )
})

test('it holds at most 256 messages and 256 KiB, but always the latest', () => {
  const ring = new Ring('c')
  for (let i = 1; i <= 300; i++) ring.push('E', stored(i))
  expect([ring.covers(43), ring.covers(44)]).toEqual([false, true])
  const large = new Ring('c')
  for (let i = 1; i <= 10; i++) large.push('E', stored(i, 'x'.repeat(100_000)))
  expect([large.covers(7), large.covers(8)]).toEqual([false, true])
  large.push('E', stored(11, 'x'.repeat(300_000)))
  expect([large.covers(9), large.covers(10)]).toEqual([false, true])
})

test('a frame is encoded once, and once more when its epoch has got another name', () => {
  const ring = new Ring('c')
  const frame = ring.push('E1', stored(1))
  expect(ring.after('E1', 0)).toBe(frame)
  const renamed = ring.after('E2', 0)
  expect(told(renamed)).toEqual({ epoch: 'E2', offset: 1 })
  expect(ring.after('E2', 0)).toBe(renamed)
})

test('a ring that was cleared holds nothing and starts anew wherever the log goes on', () => {
  const ring = new Ring('c')
  for (let i = 1; i <= 3; i++) ring.push('E', stored(i, 'x'.repeat(100_000)))
  ring.clear()
  expect([ring.covers(3), ring.after('E', 2)]).toEqual([false, undefined])
  for (let i = 9; i <= 10; i++) ring.push('E', stored(i, 'x'.repeat(100_000)))
  expect([ring.covers(7), ring.covers(8)]).toEqual([false, true])
})

/** A reading of messages from an offset to another one. */
const reading = (from: number, to: number, text = ''): Page => {
  const publications = Array.from({ length: to - from + 1 }, (_, i) => stored(from + i, text))
  const position = { epoch: 'E', offset: from - 1 }
  return new Page('c', { position, head: { epoch: 'E', offset: to }, publications })
}

test.each([
  ['ends right before it', 2, 4, [2, 3, 4, 5, 6]],
  ['overlaps with it', 3, 6, [3, 4, 5, 6]],
  ['reaches beyond it', 4, 9, [4, 5, 6]],
  ['leaves a hole before it', 1, 3, [5, 6]],
  ['begins where it begins', 5, 6, [5, 6]],
  ['begins later', 6, 6, [5, 6]],
])('a reading that %s extends a ring only where nothing is missing between them', (_, from, to, held) => {
  const ring = new Ring('c')
  for (const offset of [5, 6]) ring.push('E', stored(offset))
  ring.extend(reading(from, to), 7)
  const offsets = Array.from({ length: 10 }, (_, i) => told(ring.after('E', i))?.offset).filter(Boolean)
  expect(offsets).toEqual(held)
  expect([ring.covers(held[0]! - 1), ring.covers(held[0]! - 2)]).toEqual([true, false])
})

test('an empty ring takes a reading that reaches the latest publication of the node, and nothing beyond it', () => {
  const offsetsOf = (page: Page) => {
    const ring = new Ring('c')
    ring.extend(page, 7)
    return Array.from({ length: 10 }, (_, i) => told(ring.after('E', i))?.offset).filter(Boolean)
  }
  expect(offsetsOf(reading(4, 6))).toEqual([4, 5, 6])
  expect(offsetsOf(reading(4, 9))).toEqual([4, 5, 6])
  expect(offsetsOf(reading(4, 5))).toEqual([])
  expect(offsetsOf(reading(7, 6))).toEqual([])
})

test('what is read takes the room that is left, the latest of it first, and shares its frames', () => {
  const ring = new Ring('c')
  for (let i = 400; i < 410; i++) ring.push('E', stored(i))
  const page = reading(1, 399)
  ring.extend(page, 410)
  expect([ring.covers(153), ring.covers(152)]).toEqual([true, false])
  expect(ring.after('E', 398)).toBe(page.frame(398))
  const large = new Ring('c')
  large.push('E', stored(9, 'x'.repeat(100_000)))
  large.extend(reading(1, 8, 'x'.repeat(100_000)), 10)
  expect([large.covers(7), large.covers(6)]).toEqual([true, false])
  large.push('E', stored(10, 'x'.repeat(100_000)))
  expect([large.covers(8), large.covers(7)]).toEqual([true, false])
})
