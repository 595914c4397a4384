import {
  anything,
  array,
  assert,
  constantFrom,
  dictionary,
  json,
  jsonValue,
  oneof,
  property,
  string,
  tuple,
} from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clientCodec, isProtocolError, serverCodec, SUBPROTOCOL, type ExplainedError } from '../src/index.js'
import { decode, explain, type Side } from './support/frames.js'
import { FRAME_FILES, frameVectors } from './support/vectors.js'

const sides: readonly Side[] = ['client', 'server']
const vectors = FRAME_FILES.flatMap((file) => frameVectors(file).valid)
const prototypeNames = ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'toJSON']

/** Decodes as both sides do and holds the outcome to its form. */
function decodeTotally(text: string): void {
  for (const side of sides) {
    const value = decode(side, text)
    expect(typeof value.type).toBe('string')
    const wrong = side === 'client' ? isProtocolError(value) && (value as ExplainedError) : explain(side, text)
    // Whoever says less takes and refuses the same.
    expect(isProtocolError(value) && value.kind).toBe(wrong ? wrong.kind : false)
    if (!wrong) continue
    expect(['malformed', 'unsupported']).toContain(wrong.kind)
    expect(typeof wrong.path).toBe('string')
    expect(typeof wrong.expected).toBe('string')
    if ('ref' in wrong) expect(wrong.ref).toSatisfy((ref: unknown) => Number.isSafeInteger(ref) && (ref as number) >= 0)
  }
}

describe('decoding gives a frame or an error value, and never throws, for', () => {
  test('any text', () => {
    assert(property(string({ unit: 'binary', maxLength: 300 }), decodeTotally), { numRuns: 2000 })
  })

  test('any JSON', () => {
    assert(property(json(), decodeTotally), { numRuns: 2000 })
  })

  test('any object with the type of a frame', () => {
    const type = constantFrom(...new Set(vectors.map(({ frame }) => frame.type)))
    const names = constantFrom(...new Set(vectors.flatMap(({ frame }) => Object.keys(frame))), ...prototypeNames)
    assert(
      property(type, dictionary(names, jsonValue()), (kind, fields) => {
        decodeTotally(JSON.stringify({ ...fields, type: kind }))
      }),
      { numRuns: 3000 },
    )
  })

  test('frames with anything at any of their places', () => {
    const value = oneof(jsonValue(), anything({ maxDepth: 1 }), constantFrom(...prototypeNames))
    assert(
      property(constantFrom(...vectors), array(tuple(string(), value), { maxLength: 3 }), (vector, spots) => {
        const text = spots.reduce((changed, [seed, put]) => mutate(changed, seed, put), vector.text)
        decodeTotally(text)
      }),
      { numRuns: 3000 },
    )
  })

  test('frames cut short or with characters exchanged', () => {
    assert(
      property(
        constantFrom(...vectors),
        string({ unit: 'binary', maxLength: 3 }),
        string({ minLength: 2 }),
        (vector, junk, seed) => {
          const at = hash(seed) % vector.text.length
          decodeTotally(vector.text.slice(0, at))
          decodeTotally(vector.text.slice(0, at) + junk + vector.text.slice(at + 1))
        },
      ),
      { numRuns: 3000 },
    )
  })

  test.each(prototypeNames)('the name %s wherever a name can stand', (name) => {
    for (const text of [
      `{"type":"${name}"}`,
      `{"${name}":"ping"}`,
      `{"${name}":{"type":"ping"},"type":"pong"}`,
      `{"type":"publish","ref":1,"channel":"${name}","id":"${name}","data":{"${name}":1},"meta":{"${name}":"x"}}`,
      `{"type":"publish","ref":1,"channel":"a","id":"b","data":1,"meta":{"${name}":1}}`,
      `{"type":"subscribe","${name}":{"channel":"a","generation":1}}`,
      `{"type":"error","code":"${name}","message":"${name}"}`,
    ]) {
      decodeTotally(text)
    }
  })

  test.each([
    ['[', ']'],
    ['{"a":', '}'],
  ])('deep nesting of %s and %s', (open, close) => {
    const deep = open.repeat(200_000) + (open === '[' ? '' : '1') + close.repeat(200_000)
    decodeTotally(deep)
    decodeTotally(deep.slice(0, 100_000))
    for (const field of ['data', 'meta', 'channel', 'since', 'type', 'ref']) {
      decodeTotally(`{"type":"publish","ref":1,"channel":"a","id":"b","data":1,"${field}":${deep}}`)
    }
    decodeTotally(`{"type":"connect","producer":"${'x'.repeat(22)}","subscriptions":${deep},"session":${deep}}`)
  })

  test('long lists and long texts', () => {
    decodeTotally(`{"type":"connect","producer":"${'x'.repeat(22)}","subscriptions":[${'{},'.repeat(100_000)}{}]}`)
    decodeTotally(`{"type":"${'x'.repeat(1_000_000)}"}`)
    decodeTotally(`{"type":"subscribe","channel":"${'\\ud83c'.repeat(100_000)}","generation":1}`)
  })
})

describe('decoding', () => {
  test('leaves the prototype of objects alone', () => {
    const frame = serverCodec.decode(
      '{"type":"publish","ref":1,"channel":"a","id":"b","data":{"__proto__":{"admin":true}}}',
    )
    expect(isProtocolError(frame)).toBe(false)
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  test('takes a required field from the frame itself only', () => {
    expect(serverCodec.decode('{"__proto__":{"channel":"a","generation":1},"type":"unsubscribe"}')).toMatchObject({
      kind: 'malformed',
      path: 'channel',
    })
  })

  test('takes nothing from a prototype that somebody has put fields into', () => {
    const inherited = { type: 'pong', channel: 'a', generation: 1 }
    for (const [name, value] of Object.entries(inherited)) {
      Object.defineProperty(Object.prototype, name, { value, configurable: true })
    }
    try {
      expect(serverCodec.decode('{}')).toMatchObject({ kind: 'malformed', path: 'type' })
      expect(serverCodec.decode('{"type":"unsubscribe"}')).toMatchObject({ kind: 'malformed', path: 'channel' })
    } finally {
      for (const name of Object.keys(inherited)) Reflect.deleteProperty(Object.prototype, name)
    }
  })

  test('names a type it does not know in at most 64 characters', () => {
    const text = `{"type":"${'x'.repeat(1000)}"}`
    for (const side of sides) expect(explain(side, text)).toMatchObject({ kind: 'unsupported', path: 'x'.repeat(64) })
    expect(clientCodec.decode(text)).toEqual({ type: 'protocol-error', kind: 'unsupported' })
  })

  test('is done by codecs that carry the name of the subprotocol', () => {
    expect([clientCodec.name, serverCodec.name]).toEqual([SUBPROTOCOL, SUBPROTOCOL])
  })
})

/** Puts a value at one of the places of a JSON text, which a seed chooses. Returns the text when it is not JSON. */
function mutate(text: string, seed: string, put: unknown): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return text
  }
  let places = 0
  const count = (_key: string, each: unknown): unknown => (places++, each)
  JSON.stringify(value, count)
  const chosen = hash(seed) % places
  let place = 0
  try {
    // `undefined` and functions leave the field out; big numbers and rings are no JSON, and change nothing.
    return JSON.stringify(value, (_key, each: unknown) => (place++ === chosen ? put : each)) ?? text
  } catch {
    return text
  }
}

function hash(text: string): number {
  let sum = 7
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) >>> 0
  return sum
}
