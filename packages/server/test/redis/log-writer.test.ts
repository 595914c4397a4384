import { expect, test } from 'vitest'
import type { PublishRequest, Retention } from '../../src/index.js'
import { WithheldError } from '../../src/redis/errors.js'
import type { RedisLine } from '../../src/redis/line.js'
import { LogKeyring } from '../../src/redis/log-keys.js'
import { LogWriter } from '../../src/redis/log-writer.js'
import { VirtualClock } from '../../src/testing/index.js'
import { CountingRandom } from '../support/counting-random.js'

const KEEP: Retention = { messages: 10, ageMs: 60_000, bytes: 100_000, ttlMs: 60_000 }

/** A writer whose calls are answered by hand: with the ids of their messages, in order. */
function setUp(answer: (ids: string[], once: boolean) => unknown) {
  const calls: string[][] = []
  const line = {
    publishCommand: 'publish',
    key: (kind: string, name: string) => `{t}:${kind}:${name}`,
    call: async (_fn: string, _keys: readonly string[], args: readonly (string | number)[], { once = false } = {}) => {
      const ids = args.flatMap((arg) => /^\{"id":"(\w+)"/.exec(String(arg))?.[1] ?? [])
      calls.push(ids)
      return answer(ids, once)
    },
  } as unknown as RedisLine
  const clock = new VirtualClock()
  const writer = new LogWriter({
    line,
    keyring: new LogKeyring(line),
    clock,
    random: new CountingRandom(),
    dedupeMs: 1_000,
    leastTtlMs: 1_000,
    publishDelayMs: 8,
  })
  const put = (id: string, fields: Partial<PublishRequest> = {}) =>
    writer.publish({ channel: 'c', id, payload: '1', retention: KEEP, ...fields })
  /** Publishes much at once, so that publishes of the channel wait for each other from here on. */
  const hurry = async () => {
    const all = Promise.allSettled(Array.from({ length: 100 }, (_, i) => put(`h${i}`)))
    await clock.advance(8)
    await all
    calls.length = 0
  }
  return { calls, clock, writer, put, hurry }
}

const stored = (ids: string[]) => ids.map((_, i) => [1, 'log.g', i + 1])

test('what follows a message that the log does not take is asked for again, and each is told its own', async () => {
  let isBroken = false
  const { calls, clock, put, hurry } = setUp((ids) => {
    if (!isBroken || !ids.includes('b')) return stored(ids)
    if (ids[0] === 'b') throw new Error('ERR broken')
    return stored(ids.slice(0, ids.indexOf('b')))
  })
  await hurry()
  isBroken = true
  const outcomes = Promise.allSettled([put('a'), put('b'), put('c')])
  await clock.advance(8)
  expect(calls).toEqual([
    ['a', 'b', 'c'],
    ['b', 'c'],
  ])
  expect(await outcomes).toMatchObject([
    { status: 'fulfilled', value: { kind: 'stored', id: 'a' } },
    { status: 'rejected', reason: { message: 'ERR broken' } },
    { status: 'rejected', reason: { message: 'ERR broken' } },
  ])
})

test('a call that is withheld for one whose client is gone is made for the others', async () => {
  let isDown = false
  const gone = new Set<string>()
  const { calls, clock, put, hurry } = setUp((ids) => {
    if (isDown && ids.some((id) => gone.has(id))) throw new WithheldError('unwanted')
    return stored(ids)
  })
  await hurry()
  isDown = true
  const number = (seq: number) => ({ number: { producer: 'p', seq, lowest: 1 } })
  const outcomes = Promise.allSettled(
    ['a', 'b', 'c'].map((id, i) => put(id, { ...number(i + 1), isWanted: () => !gone.has(id) })),
  )
  gone.add('b')
  await clock.advance(8)
  expect(calls).toEqual([
    ['a', 'b', 'c'],
    ['a', 'c'],
  ])
  expect(await outcomes).toMatchObject([
    { status: 'fulfilled', value: { id: 'a' } },
    { status: 'rejected', reason: { code: 'UNAVAILABLE', message: 'who asked for it is gone' } },
    { status: 'fulfilled', value: { id: 'c' } },
  ])
})

test('a call that answers nothing is an error for its first, and does not go on for ever', async () => {
  let isMute = false
  const { calls, clock, put, hurry } = setUp((ids) => (isMute ? [] : stored(ids)))
  await hurry()
  isMute = true
  const outcomes = Promise.allSettled([put('a'), put('b')])
  await clock.advance(8)
  expect(calls).toEqual([['a', 'b']])
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})

test('the call of a group is one that must not run twice if its publishes must not', async () => {
  const seen: [ids: string[], once: boolean][] = []
  const { clock, put, hurry } = setUp((ids, once) => {
    seen.push([ids, once])
    return stored(ids)
  })
  await hurry()
  seen.length = 0
  void put('a')
  void put('b')
  void put('c', { key: 'k' })
  void put('d', { key: 'l' })
  await clock.advance(16)
  expect(seen).toEqual([
    [['a', 'b'], true],
    [['c', 'd'], false],
  ])
})

test('what waits when it is closed is sent', async () => {
  const { calls, put, hurry, writer } = setUp(stored)
  await hurry()
  const outcome = put('a')
  expect(calls).toEqual([])
  writer.close()
  expect(await outcome).toMatchObject({ id: 'a' })
})

test('a channel with a name that is none rejects', async () => {
  const { put } = setUp(stored)
  await expect(put('a', { channel: '' })).rejects.toThrow(TypeError)
})
