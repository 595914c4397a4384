import { assert, constantFrom, dictionary, jsonValue, nat, option, property, record, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clientCodec, encodePublication, serverCodec, type Publication } from '../src/index.js'
import { frameVectors } from './support/vectors.js'

const text = string({ unit: 'binary', maxLength: 20 })

const publications = record({
  channel: text,
  epoch: text,
  offset: nat().map((n) => n + 1),
  id: text,
  at: nat(),
  data: jsonValue(),
  from: option(record({ user: option(text, { nil: null }), session: text }), { nil: undefined }),
  meta: option(dictionary(text, text, { noNullPrototype: true }), { nil: undefined }),
})

function asText({
  data,
  from,
  meta,
  ...rest
}: Omit<Publication, 'from' | 'meta'> & {
  from?: Publication['from'] | undefined
  meta?: Publication['meta'] | undefined
}): string {
  return encodePublication({ ...rest, payload: JSON.stringify(data), from, meta })
}

describe('a publication with its data as text', () => {
  test.each(frameVectors('publication').valid)('is encoded as the codec does it: $name', ({ frame }) => {
    if (frame.type !== 'publication') throw new Error(`a vector of ${frame.type} among those of publication`)
    expect(JSON.parse(asText(frame))).toEqual(JSON.parse(serverCodec.encode(frame)))
    expect(clientCodec.decode(asText(frame))).toEqual(frame)
  })

  test('is encoded byte for byte as the codec does it', () => {
    assert(
      property(publications, (publication) => {
        expect(asText(publication)).toBe(serverCodec.encode({ type: 'publication', ...plain(publication) }))
      }),
      { numRuns: 1000 },
    )
  })

  test('is put in as it is, white space included', () => {
    const given = { channel: 'a', epoch: 'e', offset: 1, id: 'i', at: 2 }
    const payload = constantFrom(' 1', '{ "a" : [ ] }', 'null', '"\\u0061"')
    assert(
      property(payload, (data) => {
        const encoded = encodePublication({ ...given, payload: data })
        expect(encoded).toContain(`"data":${data}`)
        expect(clientCodec.decode(encoded)).toEqual({
          type: 'publication',
          ...given,
          data: JSON.parse(data) as unknown,
        })
      }),
    )
  })
})

/** The same without fields that are `undefined`, in the order in which they are written. */
function plain({ from, meta, ...rest }: Parameters<typeof asText>[0]): Publication {
  const { channel, epoch, offset, id, at, data } = rest
  return { channel, epoch, offset, id, at, data, ...(from && { from }), ...(meta && { meta }) }
}
