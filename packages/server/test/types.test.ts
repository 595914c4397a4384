import { expectTypeOf, test } from 'vitest'
import type { CallContext, RealtimeServer } from '../src/index.js'
import type { StandardSchema } from '@org/realtime-protocol'

interface Shape {
  readonly methods: {
    readonly rename: {
      readonly input: StandardSchema<{ title: string }, { title: string; at: number }>
      readonly output: StandardSchema<{ ok: boolean }, { ok: boolean; by: string }>
    }
    readonly time: object
  }
  readonly clientMethods: {
    readonly confirm: {
      readonly input: StandardSchema<{ text: string }, { text: string; asked: number }>
      readonly output: StandardSchema<string, boolean>
    }
  }
}
declare const realtime: RealtimeServer<Shape, { id: string; role: string }>
declare const open: RealtimeServer

test('a method gets what the input schema gives, and returns what the output schema takes', () => {
  void (() =>
    realtime.method('rename', (input, context) => {
      expectTypeOf(input).toEqualTypeOf<{ title: string; at: number }>()
      expectTypeOf(context).toEqualTypeOf<CallContext<{ id: string; role: string }>>()
      return { ok: true }
    }))
  void (() => realtime.method('rename', () => Promise.resolve({ ok: true })))
  // @ts-expect-error the answer lacks ok
  void (() => realtime.method('rename', () => ({})))
  // @ts-expect-error there is no such method
  void (() => realtime.method('renames', () => 1))
})

test('a call to a client takes what the input schema takes, and gives what the output schema gives', () => {
  expectTypeOf(() => realtime.call({ user: 'ada' }, 'confirm', { text: '' })).returns.resolves.toEqualTypeOf<boolean>()
  // @ts-expect-error this method needs an input
  void (() => realtime.call({ user: 'ada' }, 'confirm'))
  // @ts-expect-error a target is a session or a user
  void (() => realtime.call({}, 'confirm', { text: '' }))
  // @ts-expect-error this is a method of the server
  void (() => realtime.call({ user: 'ada' }, 'time'))
})

test('a server without a contract serves and calls anything', () => {
  void (() => open.method('whatever', (input) => expectTypeOf(input).toEqualTypeOf<unknown>()))
  expectTypeOf(() => open.call({ session: 's' }, 'whatever')).returns.resolves.toEqualTypeOf<unknown>()
})
