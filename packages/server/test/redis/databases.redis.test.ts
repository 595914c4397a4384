import { afterEach, expect, test } from 'vitest'
import { startRedis } from '../../../../scripts/lib/redis-servers.mjs'
import { redis } from '../../src/redis.js'
import { deafNode } from '../../src/testing/index.js'

const RETENTION = { messages: 10, ageMs: 60_000, bytes: 100_000, ttlMs: 60_000 }

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A node of an application in a database, with all that it is told. */
async function nodeIn(url: string, db: number) {
  const told: string[] = []
  const node = redis({ url, db }).join({
    ...deafNode,
    deliver: (_channel, _epoch, publications) => void told.push(...publications.map(({ payload }) => payload)),
    presenceChanged: (_channel, { kind, member }) => void told.push(`${kind} ${member.session}`),
    heard: (_from, text) => void told.push(text),
  })
  ends.push(() => node.close())
  await Promise.all([node.broker.subscribe('c'), node.presence.watch('c'), node.control.others()])
  return { ...node, told }
}

test('applications in different databases of one Redis hear nothing of each other, though its topics know no databases', async () => {
  const server = await startRedis()
  ends.push(() => server.stop())
  const [a, b, fellow] = [await nodeIn(server.url, 0), await nodeIn(server.url, 1), await nodeIn(server.url, 1)]
  const say = async ({ broker, presence, control }: typeof a, who: string): Promise<void> => {
    await broker.publish({ channel: 'c', id: who, payload: `"stored ${who}"`, retention: RETENTION })
    await broker.relay('c', { offset: 0, id: who, at: 1, payload: `"relayed ${who}"` })
    await presence.enter('c', { session: who, user: null, owner: 1, number: 1 }, 60_000)
    await control.broadcast(`word ${who}`)
  }
  await say(a, 'a')
  await say(b, 'b')
  const all = (who: string) => [`"stored ${who}"`, `"relayed ${who}"`, `join ${who}`]
  await expect.poll(() => [...fellow.told].sort()).toEqual([...all('b'), 'word b'].sort())
  expect([...a.told].sort()).toEqual(all('a').sort())
  expect([...b.told].sort()).toEqual(all('b').sort())
})
