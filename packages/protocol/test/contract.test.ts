import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import {
  contract,
  type ChannelIn,
  type InputOf,
  type MessageInput,
  type MessageOutput,
  type NameOf,
  type OutputOf,
  type ParamsOf,
  type StandardSchema,
  type TemplateIn,
} from '../src/index.js'

/** A schema made by hand: what goes in is an Input, what comes out an Output. */
function schema<Input, Output>(parse: (value: unknown) => Output): StandardSchema<Input, Output> {
  return { '~standard': { version: 1, vendor: 'by hand', validate: (value) => ({ value: parse(value) }) } }
}

const text = schema<{ text: string }, { text: string; length: number }>((value) => {
  const { text } = value as { text: string }
  return { text, length: text.length }
})

const app = contract({
  channels: {
    'room:{roomId}': {
      message: text,
      presence: schema<{ name: string }, { name: string }>((value) => value as { name: string }),
    },
    'site:{site}:unit:{unit}': { message: z.object({ at: z.coerce.number() }) },
    news: {},
  },
  methods: {
    'room.rename': {
      input: z.object({ title: z.string() }),
      output: z.object({ title: z.string() }),
      idempotent: true,
    },
  },
})

type App = typeof app

describe('a contract', () => {
  test('is given back as it is, and frozen', () => {
    const shape = { channels: { news: {} } }
    expect(contract(shape)).toBe(shape)
    expect(Object.isFrozen(app)).toBe(true)
  })

  test('may be empty', () => {
    expect(contract({})).toEqual({})
  })

  test('refuses a template that cannot be read', () => {
    expect(() => contract({ channels: { 'room:{': {} } })).toThrow(TypeError)
    expect(() => contract({ channels: { '{a}{b}': {} } })).toThrow('nothing between them')
  })

  test('carries schemas that work', async () => {
    const result = await app.channels['room:{roomId}'].message['~standard'].validate({ text: 'hi' })
    expect(result).toEqual({ value: { text: 'hi', length: 2 } })
  })
})

describe('the types of', () => {
  test('the names that fit a template', () => {
    expectTypeOf<NameOf<'news'>>().toEqualTypeOf<'news'>()
    expectTypeOf<NameOf<'room:{roomId}'>>().toEqualTypeOf<`room:${string}`>()
    expectTypeOf<NameOf<'site:{site}:unit:{unit}'>>().toEqualTypeOf<`site:${string}:unit:${string}`>()
    expectTypeOf<NameOf<'{all}'>>().toEqualTypeOf<`${string}`>()
    expectTypeOf<'room:42'>().toExtend<NameOf<'room:{roomId}'>>()
    expectTypeOf<'rooms:42'>().not.toExtend<NameOf<'room:{roomId}'>>()
  })

  test('the parameters of a template', () => {
    expectTypeOf<ParamsOf<'news'>>().toEqualTypeOf<Readonly<Record<never, string>>>()
    expectTypeOf<ParamsOf<'room:{roomId}'>>().toEqualTypeOf<{ readonly roomId: string }>()
    expectTypeOf<ParamsOf<'site:{site}:unit:{unit}'>>().toEqualTypeOf<{
      readonly site: string
      readonly unit: string
    }>()
  })

  test('the templates and names of a contract', () => {
    expectTypeOf<TemplateIn<App>>().toEqualTypeOf<'room:{roomId}' | 'site:{site}:unit:{unit}' | 'news'>()
    expectTypeOf<ChannelIn<App>>().toEqualTypeOf<`room:${string}` | `site:${string}:unit:${string}` | 'news'>()
    expectTypeOf<TemplateIn<Record<never, never>>>().toEqualTypeOf<string>()
    expectTypeOf<ChannelIn<Record<never, never>>>().toEqualTypeOf<string>()
  })

  test('what is published', () => {
    expectTypeOf<MessageInput<App, 'room:42'>>().toEqualTypeOf<{ text: string }>()
    expectTypeOf<MessageInput<App, 'news'>>().toEqualTypeOf<unknown>()
    expectTypeOf<MessageInput<Record<never, never>, 'anything'>>().toEqualTypeOf<unknown>()
  })

  test('what is delivered', () => {
    expectTypeOf<MessageOutput<App, 'room:42'>>().toEqualTypeOf<{ text: string; length: number }>()
    expectTypeOf<MessageOutput<App, 'site:eu:unit:7'>>().toEqualTypeOf<{ at: number }>()
    expectTypeOf<MessageOutput<App, 'news'>>().toEqualTypeOf<unknown>()
  })

  test('schemas, made by hand or by a library', () => {
    expectTypeOf<InputOf<typeof text>>().toEqualTypeOf<{ text: string }>()
    expectTypeOf<OutputOf<typeof text>>().toEqualTypeOf<{ text: string; length: number }>()
    const library = z.object({ count: z.string().transform(Number) })
    expectTypeOf<InputOf<typeof library>>().toEqualTypeOf<{ count: string }>()
    expectTypeOf<OutputOf<typeof library>>().toEqualTypeOf<{ count: number }>()
    expectTypeOf(library).toExtend<StandardSchema>()
  })

  test('methods, which stay as they were declared', () => {
    expectTypeOf<App['methods']['room.rename']['idempotent']>().toEqualTypeOf<true>()
    expectTypeOf<InputOf<App['methods']['room.rename']['input']>>().toEqualTypeOf<{ title: string }>()
  })
})
