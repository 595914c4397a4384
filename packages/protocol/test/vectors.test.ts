import { describe, expect, test } from 'vitest'
import { CLIENT_FRAMES } from '../src/client-frames.js'
import { isProtocolError, type Frame } from '../src/index.js'
import { SERVER_FRAMES } from '../src/server-frames.js'
import { vectorCases, vectorNames, vectorsReadme } from './support/files.js'
import { decode, encode, explain, fieldsOf, FRAME_TYPES, type Side } from './support/frames.js'
import { FRAME_FILES, frameVectors, OTHER_FILES, type ValidVector } from './support/vectors.js'

describe('the vector files', () => {
  test('are one for each type of frame, and the known others', () => {
    expect(vectorNames().sort()).toEqual([...FRAME_FILES, ...OTHER_FILES].sort())
  })

  test('are each named in the README', () => {
    for (const name of OTHER_FILES) expect(vectorsReadme()).toContain(`\`${name}.json\``)
  })

  test.each([...FRAME_FILES, ...OTHER_FILES])('%s has no two cases of one name', (name) => {
    const names = vectorCases<{ name: string; side?: Side }>(name).map((each) => `${each.side ?? ''} ${each.name}`)
    expect(names.filter((each, i) => names.indexOf(each) !== i)).toEqual([])
  })
})

describe.each(FRAME_FILES)('%s', (file) => {
  const { valid, invalid } = frameVectors(file)

  if (valid.length > 0) {
    test.each(valid)('$name: text gives the frame', ({ side, text, frame }) => {
      expect(decode(side, text)).toEqual(frame)
    })

    test.each(valid)('$name: the frame gives an equal text, and that the frame again', ({ side, text, frame }) => {
      const encoded = encode(side, frame)
      expect(JSON.parse(encoded)).toEqual(JSON.parse(text))
      expect(decode(side, encoded)).toEqual(frame)
    })
  }

  if (invalid.length > 0) {
    test.each(invalid)('$side, $name: an error value', ({ side, text, error }) => {
      const { expected, ...value } = explain(side, text) ?? { expected: '' }
      expect(value).toEqual({ type: 'protocol-error', ...error })
      expect(expected).not.toBe('')
      expect(decode(side, text)).toMatchObject({ type: 'protocol-error', kind: error.kind })
    })
  }
})

test.each(vectorCases<ValidVector>('unknown-fields'))('unknown fields are ignored $name', ({ side, text, frame }) => {
  const decoded = decode(side, text)
  expect(isProtocolError(decoded)).toBe(false)
  expect(decoded).toMatchObject(frame)
})

describe('the vectors cover', () => {
  const types = [...FRAME_TYPES.client.map(sideOf('client')), ...FRAME_TYPES.server.map(sideOf('server'))]

  test('every type that the codecs know', () => {
    expect([...FRAME_TYPES.client].sort()).toEqual(Object.keys(CLIENT_FRAMES).sort())
    expect([...FRAME_TYPES.server].sort()).toEqual(Object.keys(SERVER_FRAMES).sort())
  })

  test.each(types)('every field of $side $type, present and, when it may be, absent', ({ side, type }) => {
    const valid = frameVectors(type).valid.filter((each) => each.side === side)
    for (const [field, optional] of fieldsOf(side, type)) {
      expect(valid.some(({ frame }) => field in frame)).toBe(true)
      if (optional) expect(valid.some(({ frame }) => !(field in frame))).toBe(true)
    }
  })

  // Every rule that junk in a valid frame can break must be broken by an invalid vector as well.
  test.each(types)('every rule of $side $type', ({ side, type }) => {
    const { valid, invalid } = frameVectors(type)
    const covered = new Set(invalid.filter((each) => each.side === side).map(({ text }) => ruleBroken(side, text)))
    const own = valid.filter((each) => each.side === side)
    const broken = new Set(own.flatMap(({ frame }) => mutants(frame).map((each) => ruleBroken(side, encodeAny(each)))))
    broken.delete(undefined)
    expect([...broken].filter((rule) => !covered.has(rule))).toEqual([])
  })
})

function sideOf(side: Side): (type: string) => { side: Side; type: string } {
  return (type) => ({ side, type })
}

function encodeAny(value: unknown): string {
  return JSON.stringify(value)
}

/** Which rule a text breaks, with places in lists made alike; `undefined` when it is a frame or of an unknown type. */
function ruleBroken(side: Side, text: string): string | undefined {
  const value = explain(side, text)
  if (!value || value.kind === 'unsupported' || value.path === 'type') return undefined
  return `${value.path.replaceAll(/\b\d+\b/g, 'n')}: ${value.expected}`
}

/** The frame with, at each of its places, the value left out or replaced by junk. */
function mutants(frame: Frame): unknown[] {
  const junk = [undefined, null, true, -1, 0, 0.5, '', 'x'.repeat(2000), [], {}, { a: 1 }, { a: 'x'.repeat(2000) }]
  return places(frame).flatMap((path) => (path.length === 0 ? [] : junk.map((value) => replaced(frame, path, value))))
}

function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))]
}

function replaced(value: unknown, path: readonly string[], by: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return by
  if (Array.isArray(value))
    return value.map((inner: unknown, i) => (String(i) === key ? (replaced(inner, rest, by) ?? null) : inner))
  const object = value as Readonly<Record<string, unknown>>
  return { ...object, [key]: replaced(object[key], rest, by) }
}
