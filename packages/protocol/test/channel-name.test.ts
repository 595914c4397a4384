import { array, assert, constantFrom, property, string, uniqueArray } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { channelTemplate, isChannelName } from '../src/index.js'
import { vectorCases } from './support/files.js'

type TemplateCase =
  | { readonly name: string; readonly template: string; readonly error: true }
  | {
      readonly name: string
      readonly template: string
      readonly channel: string
      readonly values: Readonly<Record<string, string>> | null
    }

const parameters = uniqueArray(constantFrom('a', 'b1', '_c', 'roomId', 'D'), { minLength: 1, maxLength: 4 })
const value = string({ unit: constantFrom('x', 'y', '-', '{', '}', 'é', '🎈', '.'), minLength: 1, maxLength: 6 })
const colonText = constantFrom(':', '::', 'x:', ':y', ':x:', '-:-', ' : ')
const anyText = constantFrom(':', 'x', '-', 'xy', 'y:', '..')
const edge = constantFrom('', 'room:', 'x', 'yx', ':')

function build(texts: readonly string[], inner: readonly string[]): string {
  return texts.map((text, i) => text + (inner[i] ?? '')).join('')
}

describe('a channel template', () => {
  test.each(vectorCases<TemplateCase>('templates'))('$template: $name', (each) => {
    if ('error' in each) return expect(() => channelTemplate(each.template)).toThrow(TypeError)
    const { values } = each
    const found = channelTemplate(each.template).match(each.channel)
    expect(found && Object.entries(found)).toEqual(values === null ? undefined : Object.entries(values))
  })

  test('keeps its source and knows whether it is one name', () => {
    expect(channelTemplate('room:{id}')).toMatchObject({ source: 'room:{id}', literal: false })
    expect(channelTemplate('news')).toMatchObject({ source: 'news', literal: true })
  })

  test('says why it cannot be read', () => {
    expect(() => channelTemplate('a:{b}{c}')).toThrow('"a:{b}{c}" has two parameters with nothing between them')
    expect(() => channelTemplate('a:{b')).toThrow('has a brace without its twin')
    expect(() => channelTemplate('a:{b-c}')).toThrow('has a bad parameter {b-c}')
    expect(() => channelTemplate('{b}:{b}')).toThrow('names a parameter twice')
    expect(() => channelTemplate('')).toThrow('is not a channel name')
  })

  test('gives back the values that a name was built from, where a colon stands between parameters', () => {
    assert(
      property(
        parameters,
        array(colonText, { minLength: 3, maxLength: 3 }),
        edge,
        edge,
        array(value, { minLength: 4, maxLength: 4 }),
        (names, between, head, tail, values) => {
          const texts = [head, ...between.slice(0, names.length - 1), tail]
          const template = channelTemplate(
            build(
              texts,
              names.map((name) => `{${name}}`),
            ),
          )
          const given = Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']))
          expect({
            ...template.match(
              build(
                texts,
                names.map((name) => given[name] ?? ''),
              ),
            ),
          }).toEqual(given)
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('reads every name that can be built, and what it reads builds the same name', () => {
    assert(
      property(
        parameters,
        array(anyText, { minLength: 3, maxLength: 3 }),
        edge,
        edge,
        array(value, { minLength: 4, maxLength: 4 }),
        (names, between, head, tail, values) => {
          const texts = [head, ...between.slice(0, names.length - 1), tail]
          const template = channelTemplate(
            build(
              texts,
              names.map((name) => `{${name}}`),
            ),
          )
          const name = build(texts, values.slice(0, names.length))
          const found = template.match(name)
          expect(found).toBeDefined()
          expect(
            build(
              texts,
              names.map((parameter) => found?.[parameter] ?? ''),
            ),
          ).toBe(name)
          for (const parameter of names) expect(found?.[parameter]).toMatch(/^[^:]+$/u)
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('reads a name as the shortest of all ways to read it', () => {
    const name = string({ unit: constantFrom('x', '-', ':'), minLength: 1, maxLength: 9 })
    assert(
      property(
        name,
        constantFrom('{a}-{b}', 'x{a}-{b}', '{a}-{b}-x', '{a}x-{b}', '{a}-{b}x{c}', '{a}:{b}', '{a}-:{b}-{c}'),
        (text, source) => {
          const found = channelTemplate(source).match(text)
          expect(found && { ...found }).toEqual(shortestByPattern(source, text))
        },
      ),
      { numRuns: 3000 },
    )
  })
})

/** The same, by an engine that tries every way, shortest first. */
function shortestByPattern(source: string, text: string): Record<string, string> | undefined {
  const pattern = source.replaceAll(/\{(\w+)\}/g, '(?<$1>[^:]+?)')
  const groups = new RegExp(`^${pattern}$`, 'u').exec(text)?.groups
  return groups && { ...groups }
}

describe('isChannelName', () => {
  test.each(['a', 'room:42', ' ', 'a b', '語'.repeat(85), 'x'.repeat(255), '🎈', '{id}', '__proto__'])(
    'takes %j',
    (name) => {
      expect(isChannelName(name)).toBe(true)
    },
  )

  test.each([
    '',
    'x'.repeat(256),
    '語'.repeat(86),
    '\u0000',
    'a\tb',
    '\u007f',
    '\u009f',
    '\ud83c',
    'a\udf88',
    '\udf88\ud83c',
  ])('refuses %j', (name) => {
    expect(isChannelName(name)).toBe(false)
  })

  test.each([undefined, null, 7, {}, ['a'], Object('a')])('refuses what is not a text: %j', (name: unknown) => {
    expect(isChannelName(name)).toBe(false)
  })

  test('agrees with an encoder about every text', () => {
    assert(
      property(string({ unit: 'binary', maxLength: 100 }), (text) => {
        const bytes = new TextEncoder().encode(text)
        const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) === text
        // eslint-disable-next-line no-control-regex -- control characters are what it looks for
        const plain = !/[\u0000-\u001f\u007f-\u009f]/.test(text)
        expect(isChannelName(text)).toBe(bytes.length >= 1 && bytes.length <= 255 && whole && plain)
      }),
      { numRuns: 2000 },
    )
  })
})
