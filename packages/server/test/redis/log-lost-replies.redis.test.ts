import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedis, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import type { PublishRequest, Retention } from '../../src/index.js'
import { joinNode, type RedisNode } from './support/broker.js'
import { REPLACEABLE } from './support/histories.js'
import { eventually, sleep } from './support/stores.js'
import { Tap } from './support/tap.js'
import { QUICK } from './support/watched.js'

const KEEP: Retention = { messages: 1_000, ageMs: 300_000, bytes: 1_048_576, ttlMs: 3_600_000 }

let server: RedisServer
let tap: Tap
/** Its way to Redis can be cut. */
let node: RedisNode
let witness: RedisNode
beforeAll(async () => {
  server = await startRedis({ settings: REPLACEABLE })
})
afterAll(() => server.stop())
beforeEach(async () => {
  await server.command('FLUSHALL')
  tap = await Tap.to(server.port)
  node = joinNode([tap], { redis: QUICK })
  witness = joinNode([server])
  await witness.broker.subscribe('c')
  await node.broker.recover('c', undefined, 1)
})
afterEach(async () => {
  await node.close()
  await witness.close()
  await tap.close()
})

const publish = (id: string, fields: Partial<PublishRequest> = {}) =>
  node.broker.publish({ channel: 'c', id, payload: JSON.stringify(id), retention: KEEP, ...fields })

/** From now on, the next answer that names an epoch gets lost, and its connection ends. */
function loseTheAnswer(): () => number {
  let lost = 0
  tap.fromRedis = (text, socket) => {
    if (lost > 0 || !/\$\d+\r\n[\w-]{10}\.[\w-]{6}\r\n/.test(text)) return text
    lost += 1
    socket.destroy()
    return undefined
  }
  return () => lost
}

describe('a publish whose answer is lost', () => {
  test.each([
    ['its number', { number: { producer: 'p', seq: 1, lowest: 1 } }],
    ['its key', { key: 'k' }],
  ])('is tried again, and takes effect once: by %s', async (_, fields) => {
    const lost = loseTheAnswer()
    expect(await publish('a', fields)).toMatchObject({ kind: 'stored', id: 'a', position: { offset: 1 } })
    expect(lost()).toBe(1)
    await publish('b')
    await eventually(() => witness.deliveries.length >= 2)
    expect(witness.deliveries.map(({ publication }) => publication.id)).toEqual(['a', 'b'])
    expect((await witness.broker.recover('c', 'start', 10)).publications.map(({ id }) => id)).toEqual(['a', 'b'])
  })

  describe('when another history takes over', () => {
    // Functions go by the name that they have read last for a moment.
    afterEach(() => sleep(150))

    /** The next answer that names an epoch is lost, and who asks again finds another history. */
    const takeOver = () => {
      let lost = 0
      tap.fromRedis = (text, socket) => {
        if (lost > 0 || !/\$\d+\r\n[\w-]{10}\.[\w-]{6}\r\n/.test(text)) return text
        lost += 1
        void server.command('DEBUG', 'CHANGE-REPL-ID').finally(() => socket.destroy())
        return undefined
      }
    }

    test('is not tried there for a client, who asks again by itself', async () => {
      const number = { producer: 'p', seq: 1, lowest: 1 }
      takeOver()
      await expect(publish('a', { number })).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: 'another Redis has taken over',
      })
      // This one had everything, so it knows the number.
      expect(await publish('a', { number })).toMatchObject({ kind: 'stored', position: { offset: 1 } })
      expect((await witness.broker.recover('c', 'start', 10)).publications.map(({ id }) => id)).toEqual(['a'])
    })

    test('is tried there for a server, which has no other copy', async () => {
      takeOver()
      expect(await publish('a', { key: 'k' })).toMatchObject({ kind: 'stored', id: 'a', position: { offset: 1 } })
    })
  })

  test('and that could not be known again rejects, and is not tried again', async () => {
    const lost = loseTheAnswer()
    await expect(publish('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(lost()).toBe(1)
    await eventually(() => witness.deliveries.length === 1)
    await publish('b')
    const { publications } = await witness.broker.recover('c', 'start', 10)
    expect(publications.map(({ id }) => id)).toEqual(['a', 'b'])
  })
})

test('functions that were flushed are loaded again, and the log goes on in its epoch', async () => {
  const first = await publish('a')
  await server.command('FUNCTION', 'FLUSH')
  expect(await publish('b')).toMatchObject({
    position: { epoch: first.kind === 'stored' ? first.position.epoch : '', offset: 2 },
  })
  await server.command('FUNCTION', 'FLUSH')
  expect((await node.broker.recover('c', 'start', 10)).publications).toHaveLength(2)
})

test('two nodes that write, repeat and read at once see one log', async () => {
  const nodes = [witness, node]
  const ids = Array.from({ length: 200 }, (_, i) => `m${i}`)
  // Each message is published by both, as one that was retried over another link.
  const outcomes = await Promise.all(
    nodes.map(({ broker }) =>
      Promise.all(ids.map((id) => broker.publish({ channel: 'c', id, payload: '1', retention: KEEP, key: id }))),
    ),
  )
  expect(outcomes[0]).toEqual(outcomes[1])
  const pages = await Promise.all(nodes.map(({ broker }) => broker.recover('c', 'start', 1_000)))
  expect(pages[0]).toEqual(pages[1])
  expect(pages[0]?.publications.map(({ offset }) => offset)).toEqual(ids.map((_, i) => i + 1))
  expect(new Set(pages[0]?.publications.map(({ id }) => id)).size).toBe(200)
  await eventually(() => witness.deliveries.length >= 200)
  expect(witness.deliveries.map(({ publication }) => publication)).toEqual(pages[0]?.publications)
})
