import { contract } from '@org/realtime-protocol'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import {
  RealtimeClient,
  type ChannelOf,
  type GapItem,
  type Message,
  type MessageItem,
  type PresenceList,
  type PresentUser,
  type Published,
} from '../src/index.js'

const app = contract({
  channels: {
    'room:{roomId}': {
      message: z.object({ text: z.string(), at: z.string().transform(Number) }),
      presence: z.object({ name: z.string().transform(Number) }),
    },
    news: {},
  },
  personal: { message: z.object({ orderId: z.string().transform(Number) }) },
  methods: {
    'room.rename': {
      input: z.object({ roomId: z.string(), title: z.string() }),
      output: z.object({ title: z.string().transform(Number) }),
    },
    time: {},
  },
  clientMethods: {
    confirm: {
      input: z.object({ question: z.string().transform(Number) }),
      output: z.object({ answer: z.string().transform(Number) }),
    },
  },
})

// Only the compiler looks at these.
const client = new RealtimeClient<typeof app>('wss://example.test', { data: app })
const room = client.channel('room:42')
const open = new RealtimeClient('wss://example.test')

test('a channel takes what its schema takes, and gives what its schema gives', () => {
  expectTypeOf(room.publish).parameter(0).toEqualTypeOf<{ text: string; at: string }>()
  expectTypeOf(room.on<'message'>)
    .parameter(1)
    .parameter(0)
    .toEqualTypeOf<Message<{ text: string; at: number }>>()
  expectTypeOf(room.history()).resolves.toHaveProperty('publications')
})

test('a publish carries its id at once', () => {
  expectTypeOf<ReturnType<typeof room.publish>>().toExtend<Promise<Published>>()
  expectTypeOf<ReturnType<typeof room.publish>['id']>().toEqualTypeOf<string>()
})

test('a name that no template has is an error', () => {
  expectTypeOf(client.channel<'room:1'>)
    .parameter(0)
    .toEqualTypeOf<'room:1'>()
  expectTypeOf(client.channel).parameter(0).toEqualTypeOf<`room:${string}` | 'news'>()
  // @ts-expect-error there is no such channel
  void (() => client.channel('rooms:42'))
})

test('a channel without a schema, and a client without a contract, take anything', () => {
  expectTypeOf(client.channel('news').publish).parameter(0).toEqualTypeOf<unknown>()
  expectTypeOf(open.channel('whatever').publish).parameter(0).toEqualTypeOf<unknown>()
})

test('an iterator gives messages, and with gaps: true also gaps, told apart by item.gap', () => {
  type Of<T> = T extends AsyncIterable<infer I> ? I : never
  const data = room.messages({ signal: AbortSignal.abort() })
  const mixed = room.messages({ signal: AbortSignal.abort(), gaps: true })
  expectTypeOf<Of<typeof data>>().toEqualTypeOf<Message<{ text: string; at: number }>>()
  expectTypeOf<Of<typeof mixed>>().toEqualTypeOf<MessageItem<{ text: string; at: number }> | GapItem>()
  const read = (item: Of<typeof mixed>) => (item.gap ? item.gap.reason : item.data.text)
  expectTypeOf(read).returns.toEqualTypeOf<string>()
  expectTypeOf(data).toExtend<AsyncDisposable>()
  expectTypeOf(mixed).toExtend<AsyncDisposable>()
})

test('a call takes what the input schema takes and gives what the output schema gives; a method the other way round', () => {
  expectTypeOf(client.call<'room.rename'>)
    .parameter(1)
    .toEqualTypeOf<{ roomId: string; title: string }>()
  expectTypeOf(() => client.call('time')).returns.resolves.toEqualTypeOf<unknown>()
  // @ts-expect-error this method needs an input
  void (() => client.call('room.rename'))
  // @ts-expect-error there is no such method
  void (() => client.call('rooms.rename'))
  client.method('confirm', ({ question }, { signal }) => {
    expectTypeOf(question).toEqualTypeOf<number>()
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
    return { answer: 'yes' }
  })
  // @ts-expect-error the answer is a text
  void (() => client.method('confirm', () => ({ answer: 1 })))
  expectTypeOf(() => open.call('whatever', 1)).returns.resolves.toEqualTypeOf<unknown>()
})

test('ChannelOf names the type of a handle, by template or by name', () => {
  expectTypeOf(room).toEqualTypeOf<ChannelOf<typeof app, 'room:{roomId}'>>()
  expectTypeOf(room).toEqualTypeOf<ChannelOf<typeof app, 'room:42'>>()
})

test('presence takes what its schema takes and shows what it gives; without a schema, anything or nothing', () => {
  expectTypeOf(room.presence.enter).parameters.toEqualTypeOf<[data: { name: string }]>()
  expectTypeOf(room.presence.get).returns.resolves.toEqualTypeOf<PresenceList<{ name: number }>>()
  expectTypeOf(room.on<'join'>)
    .parameter(1)
    .parameter(0)
    .toEqualTypeOf<PresentUser<{ name: number }>>()
  expectTypeOf(client.channel('news').presence.enter).parameters.toEqualTypeOf<[data?: unknown]>()
})

test('the personal channel gives what its schema gives, and takes nothing', () => {
  expectTypeOf(client.personal.on<'message'>)
    .parameter(1)
    .parameter(0)
    .toEqualTypeOf<Message<{ orderId: number }>>()
  expectTypeOf(client.personal.publish).parameter(0).toEqualTypeOf<never>()
  expectTypeOf(open.personal.on<'message'>)
    .parameter(1)
    .parameter(0)
    .toEqualTypeOf<Message>()
})
