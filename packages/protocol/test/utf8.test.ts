import { assert, constantFrom, nat, oneof, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { truncateToBytes, utf8Bytes } from '../src/index.js'
import { vectorCases } from './support/files.js'

interface Utf8Case {
  readonly name: string
  readonly text: string
  readonly bytes: number
  readonly maxBytes: number
  readonly truncated: string
}

const encoder = new TextEncoder()

/** Texts of any code units: pairs, lone halves, and everything beside them. */
const texts = oneof(
  string({ unit: 'binary' }),
  string({ unit: constantFrom('\ud83c', '\udf88', '\ud83c\udf88', 'a', '\u0080', '\u07ff', '\u0800', '\uffff') }),
)

test.each(vectorCases<Utf8Case>('utf8'))('vector: $name', ({ text, bytes, maxBytes, truncated }) => {
  expect(utf8Bytes(text)).toBe(bytes)
  expect(truncateToBytes(text, maxBytes)).toBe(truncated)
})

describe('utf8Bytes', () => {
  test('is the length that an encoder writes', () => {
    assert(
      property(texts, (text) => {
        expect(utf8Bytes(text)).toBe(encoder.encode(text).length)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('truncateToBytes', () => {
  test('gives the longest prefix of whole characters that fits', () => {
    assert(
      property(texts, nat(40), (text, maxBytes) => {
        const cut = truncateToBytes(text, maxBytes)
        expect(text.startsWith(cut)).toBe(true)
        expect(utf8Bytes(cut)).toBeLessThanOrEqual(maxBytes)
        const characters = [...text]
        const kept = [...cut]
        expect(kept).toEqual(characters.slice(0, kept.length))
        const next = characters[kept.length]
        if (next !== undefined) expect(utf8Bytes(cut + next)).toBeGreaterThan(maxBytes)
      }),
      { numRuns: 2000 },
    )
  })
})
