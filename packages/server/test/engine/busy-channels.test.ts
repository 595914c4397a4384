import { describe, expect, test } from 'vitest'
import { world } from '../support/world.js'

/** Publishes at a rate, and gives how many frames each write to a subscriber carried. */
async function rate(everyMs: number, count: number, options: Parameters<typeof world>[0] = {}) {
  const its = world(options)
  const client = await its.connected()
  await client.subscribe({ channel: 'c', generation: 1 })
  client.writes.length = 0
  const lateMs: number[] = []
  for (let i = 1; i <= count; i++) {
    const at = its.clock.now()
    void its.server.publish('c', i)
    await its.clock.settle()
    while (client.offsets().at(-1) !== i && its.clock.now() < at + everyMs) await its.clock.advance(1)
    if (client.offsets().at(-1) === i) lateMs.push(its.clock.now() - at)
    await its.clock.advance(Math.max(0, at + everyMs - its.clock.now()))
  }
  await its.clock.advance(options.writeDelayMs ?? 10)
  expect(client.offsets()).toEqual(Array.from({ length: count }, (_, i) => i + 1))
  return { ...its, client, lateMs }
}

describe('a channel', () => {
  test('with less than two messages per delay has each written in its own turn', async () => {
    const { client, lateMs } = await rate(5, 200)
    expect(client.writes).toEqual(Array.from({ length: 200 }, () => 1))
    expect(new Set(lateMs)).toEqual(new Set([0]))
  })

  test('with more has several written at once, none later than the delay', async () => {
    const { client } = await rate(1, 400)
    expect(client.writes.slice(20, -1).every((frames) => frames === 4 || frames === 5)).toBe(true)
    expect(client.writes.length).toBeLessThan(130)
  })

  test('has a longer delay if it is asked to, and none for 0', async () => {
    expect((await rate(1, 400, { writeDelayMs: 20 })).client.writes.slice(-5, -1)).toEqual([20, 20, 20, 20])
    expect(new Set((await rate(1, 400, { writeDelayMs: 0 })).client.writes)).toEqual(new Set([1]))
  })

  test('that is busy does not hold up an answer, nor a message of another, and nothing overtakes', async () => {
    const { client, server, clock } = await rate(1, 100)
    await client.subscribe({ channel: 'other', generation: 1 })
    await clock.advance(50)
    for (let i = 101; i <= 140; i++) await server.publish('c', i)
    await clock.advance(10)
    client.writes.length = 0
    const before = client.heard.length
    await server.publish('c', 141)
    await clock.settle()
    expect(client.writes).toEqual([])
    await server.publish('other', 'now')
    await clock.settle()
    expect(client.writes).toEqual([2])
    await server.publish('c', 142)
    await client.say({ type: 'history', ref: 1, channel: 'other', limit: 1 })
    const heard = client.heard.slice(before).map((frame) => ('channel' in frame ? frame.channel : frame.type))
    expect(heard).toEqual(['c', 'other', 'c', 'reply'])
  })

  test('that is busy still says everything to a link that is closed meanwhile, before the goodbye', async () => {
    const { client, server, clock } = await rate(1, 100)
    await server.publish('c', 101)
    await clock.settle()
    expect(client.offsets().at(-1)).toBe(100)
    await server.close()
    expect(client.offsets().at(-1)).toBe(101)
    expect(client.heard.at(-1)?.type).toBe('closing')
  })
})

test('a delay that is none is refused by name', () => {
  for (const writeDelayMs of [-1, 0.5, 101, Number.NaN, '4' as unknown as number]) {
    expect(() => world({ writeDelayMs })).toThrow('writeDelayMs must be a whole number from 0 to 100')
  }
})
