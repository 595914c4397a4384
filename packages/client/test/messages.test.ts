import { beforeEach, describe, expect, test } from 'vitest'
import { GapError, type Channel, type MessageIterator } from '../src/index.js'
import { settled } from './support/settled.js'
import { outcome, World, type FakeLink } from './support/world.js'

let world: World
let room: Channel
let link: FakeLink

beforeEach(async () => {
  world = new World({ lingerMs: 0 })
  room = world.client.channel('room')
  link = await world.connect()
})

function start<T>(messages: MessageIterator<T>): MessageIterator<T> {
  link.subscribed('room', 'e', 0)
  return messages
}

const trimmed = () =>
  link.say({ type: 'gap', channel: 'room', reason: 'trimmed', from: 2, to: 3, position: { epoch: 'e', offset: 3 } })

test('subscribes at once, and loops over the messages in order', async () => {
  const messages = start(room.messages())
  link.publish('room', 'e', 1, 3)
  const offsets: number[] = []
  for await (const { offset } of messages) if (offsets.push(offset) === 3) break
  expect(offsets).toEqual([1, 2, 3])
})

test('waits for the next message, also with several reads waiting', async () => {
  const messages = start(room.messages())
  const reads = [messages.next(), messages.next()]
  link.publish('room', 'e', 1, 2)
  expect((await Promise.all(reads)).map(({ value }) => value?.offset)).toEqual([1, 2])
})

test('two iterators each get everything', async () => {
  const one = start(room.messages())
  const two = room.messages()
  link.publish('room', 'e', 1)
  expect((await one.next()).value?.offset).toBe(1)
  expect((await two.next()).value?.offset).toBe(1)
})

describe('ends', () => {
  const left = async () => {
    await world.clock.advance(0)
    return link.of('unsubscribe').length
  }

  test('with the loop, and unsubscribes', async () => {
    const messages = start(room.messages())
    link.publish('room', 'e', 1)
    for await (const _ of messages) break
    expect(await left()).toBe(1)
    expect(await messages.next()).toEqual({ value: undefined, done: true })
  })

  test('with the signal, quietly', async () => {
    const controller = new AbortController()
    const messages = start(room.messages({ signal: controller.signal }))
    const next = messages.next()
    controller.abort()
    expect(await next).toEqual({ value: undefined, done: true })
    expect(await left()).toBe(1)
  })

  test('before it began when the signal has aborted already', async () => {
    expect(await room.messages({ signal: AbortSignal.abort() }).next()).toEqual({ value: undefined, done: true })
    expect(link.of('subscribe')).toHaveLength(0)
  })

  test('with the client, quietly, after what was delivered', async () => {
    const messages = start(room.messages())
    link.publish('room', 'e', 1)
    await world.client.close()
    expect((await messages.next()).done).toBe(false)
    expect((await messages.next()).done).toBe(true)
  })

  test('with `await using`, where the runtime knows it', async () => {
    await start(room.messages())[Symbol.asyncDispose]()
    expect(await left()).toBe(1)
  })

  test('with an error, once, and unsubscribes', async () => {
    const messages = start(room.messages())
    link.say({
      type: 'unsubscribed',
      channel: 'room',
      generation: link.generation('room'),
      code: 'FORBIDDEN',
      message: '',
    })
    expect(await outcome(messages.next())).toBe('FORBIDDEN')
    expect(await messages.next()).toEqual({ value: undefined, done: true })
  })
})

describe('a gap', () => {
  test('is thrown in its place', async () => {
    const messages = start(room.messages())
    link.publish('room', 'e', 1)
    trimmed()
    link.publish('room', 'e', 4)
    expect((await messages.next()).value?.offset).toBe(1)
    const error: unknown = await messages.next().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(GapError)
    expect(error).toMatchObject({ code: 'GAP', gap: { reason: 'trimmed', from: 2, to: 3 } })
    expect((await messages.next()).done).toBe(true)
  })

  test('is an item in its place with gaps: true', async () => {
    const messages = start(room.messages({ gaps: true }))
    link.publish('room', 'e', 1)
    trimmed()
    link.publish('room', 'e', 4)
    const items: unknown[] = []
    for await (const item of messages) {
      items.push(item.gap ? item.gap.reason : item.offset)
      if (items.length === 3) break
    }
    expect(items).toEqual([1, 'trimmed', 4])
  })

  test('an iterator hears of is not told by the client as well', async () => {
    const gaps: unknown[] = []
    world.client.on('gap', (gap) => gaps.push(gap))
    start(room.messages({ gaps: true }))
    trimmed()
    expect(gaps).toEqual([])
  })
})

test('a reader that is 1,000 messages behind fails with ITERATOR_OVERFLOW after those, and only it', async () => {
  const slow = start(room.messages())
  const heard: number[] = []
  room.on('message', ({ offset }) => heard.push(offset))
  link.publish('room', 'e', 1, 1_001)
  for (let offset = 1; offset <= 1_000; offset++) expect((await slow.next()).value?.offset).toBe(offset)
  expect(await outcome(slow.next())).toBe('ITERATOR_OVERFLOW')
  expect(heard).toHaveLength(1_001)
  await settled()
})
