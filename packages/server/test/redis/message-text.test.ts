import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { messageText, parseHeard, parseMessage, relayText } from '../../src/redis/message-text.js'

const text = fc.string({ unit: 'binary' })
const message = fc.record(
  {
    id: text,
    payload: fc.oneof(fc.json(), text),
    from: fc.record({ user: fc.option(text), session: text }),
    meta: fc.dictionary(text, text),
  },
  { requiredKeys: ['id', 'payload'] },
)

describe('the text of a message', () => {
  test('holds every character that was given, line breaks in data and ids too', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(), (given, offset, at) => {
        expect(parseMessage(offset, at, messageText(given))).toEqual({ offset, at, ...given })
      }),
    )
  })

  test('travels with its position, and without one when no log holds it', () => {
    const given = { id: 'a', payload: '{"x":\n1}' }
    expect(parseHeard(`1 E.g~2~h 7 99\n${messageText(given)}`)).toEqual({
      epoch: 'E.g~2~h',
      publications: [{ offset: 7, at: 99, ...given }],
    })
    expect(parseHeard(relayText({ offset: 0, at: 99, ...given }))).toEqual({
      epoch: '',
      publications: [{ offset: 0, at: 99, ...given }],
    })
  })

  test('travels with those that follow it', () => {
    const json = fc.record({ id: text, payload: fc.json(), meta: fc.dictionary(text, text) })
    fc.assert(
      fc.property(fc.array(json, { minLength: 2, maxLength: 5 }), (given) => {
        expect(parseHeard(`2 E.g 7 99\n${given.map(messageText).join('\x1e')}`)).toEqual({
          epoch: 'E.g',
          publications: given.map((message, i) => ({ offset: 7 + i, at: 99, ...message })),
        })
      }),
    )
  })
})

describe('a text that is none of ours', () => {
  const good = '1 E.g 7 99\n{"id":"a"}\n1'

  test.each([
    ['nothing', ''],
    ['one line', '1 E.g 7 99'],
    ['no data', '1 E.g 7 99\n{"id":"a"}'],
    ['another version', '3 E.g 7 99\n{"id":"a"}\n1'],
    ['several, of which one is none', '2 E.g 7 99\n{"id":"a"}\n1\x1e{}\n1'],
    ['several that no log holds', '2  0 99\n{"id":"a"}\n1\x1e{"id":"b"}\n1'],
    ['a longer version', '10 E.g 7 99\n{"id":"a"}\n1'],
    ['no version', 'E.g 7 99\n{"id":"a"}\n1'],
    ['an offset that is no number', '1 E.g x 99\n{"id":"a"}\n1'],
    ['a negative offset', '1 E.g -7 99\n{"id":"a"}\n1'],
    ['a number too long to count with', '1 E.g 99999999999999999 99\n{"id":"a"}\n1'],
    ['an offset without an epoch', '1  7 99\n{"id":"a"}\n1'],
    ['an epoch without an offset', '1 E.g 0 99\n{"id":"a"}\n1'],
    ['an epoch too long', `1 ${'e'.repeat(65)} 7 99\n{"id":"a"}\n1`],
    ['a header that is no JSON', '1 E.g 7 99\n{id}\n1'],
    ['a header that is no object', '1 E.g 7 99\n["a"]\n1'],
    ['no id', '1 E.g 7 99\n{}\n1'],
    ['an id that is no text', '1 E.g 7 99\n{"id":1}\n1'],
    ['a sender that is none', '1 E.g 7 99\n{"id":"a","from":"ada"}\n1'],
    ['a sender without a session', '1 E.g 7 99\n{"id":"a","from":{"user":null}}\n1'],
    ['meta that is a list', '1 E.g 7 99\n{"id":"a","meta":[1]}\n1'],
  ])('is not taken for a message: %s', (_, bad) => {
    expect(parseHeard(good)).toBeDefined()
    expect(parseHeard(bad)).toBeUndefined()
  })

  test('never throws, whatever it is', () => {
    const line = fc.oneof(text, fc.constantFrom('1', ' ', '\n', 'E.g', '7', '{"id":"a"}', '{"id":', 'null'))
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (parts) => {
        parseHeard(parts.join(''))
        parseHeard(parts.join(' '))
      }),
    )
  })
})
