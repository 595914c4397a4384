// A Redis that comes back empty, and a node that holds more than may be under way at a time.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { RealtimeServer, type LogFields, type Logger } from '@org/realtime-server'
import { redis } from '@org/realtime-server/redis'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startRedis, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import { Peer } from './support/peer.js'

/** More than `maxInFlight`, which is 2,000. */
const MANY = 2_400
const OF_A_LINK = 120
/** What a watcher waits for members that a Redis has lost, and less than the time between two rounds. */
const GRACE_MS = 3_000

const soon = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 8_000, interval: 20 })
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A server of a node of its own. */
async function served(store: RedisServer) {
  const errors: string[] = []
  const none = (): void => undefined
  const error = (message: string, fields?: LogFields): void =>
    void errors.push(`${message} ${String(fields?.['operation'])} ${String(fields?.['error'])}`)
  const logger: Logger = { debug: none, info: none, warn: none, error }
  const realtime = new RealtimeServer(undefined, {
    backend: redis({ url: store.url, commandTimeoutMs: 1_000, pingIntervalMs: 100, probeIntervalMs: 200 }),
    authenticate: ({ token }) => ({ user: token ? { id: token } : null }),
    limits: {
      connectionsPerAddress: 2 * MANY,
      messageBurst: MANY,
      presenceMembers: 2 * MANY,
      presenceGraceMs: GRACE_MS,
    },
    logger,
  })
  realtime.channel('{name}', { subscribe: true, publish: true, presence: true })
  const http = createServer()
  realtime.attach(http)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  onTestFinished(async () => {
    await realtime.close()
    http.close()
  })
  return { realtime, errors }
}

async function two() {
  const store = await startRedis()
  onTestFinished(() => store.stop())
  return { store, one: await served(store), other: await served(store) }
}

/** Does work for each number below a count, 200 at a time. */
async function forEach(count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += 200) {
    await Promise.all(Array.from({ length: Math.min(200, count - from) }, (_, i) => work(from + i)))
  }
}

async function connected(realtime: RealtimeServer, name: string): Promise<Peer> {
  const peer = new Peer(realtime, name)
  await peer.connect()
  return peer
}

async function emptied(store: RedisServer, ...servers: RealtimeServer[]): Promise<void> {
  await store.kill()
  await soon(() => expect(servers.map(({ health }) => health.status)).toEqual(servers.map(() => 'degraded')))
  await store.start()
  await soon(() => expect(servers.map(({ health }) => health.status)).toEqual(servers.map(() => 'ok')))
}

test('when Redis comes back empty, no watcher elsewhere is told that any of 2,400 members of a node has left', {
  timeout: 30_000,
}, async () => {
  const { store, one, other } = await two()
  const watcher = await connected(other.realtime, 'watcher')
  watcher.tell({ type: 'presence', ref: 1, channel: 'room', action: 'watch' })
  await watcher.has('reply', 1)
  await forEach(MANY, async (i) => {
    const member = await connected(one.realtime, `member${i}`)
    member.tell({ type: 'presence', ref: 1, channel: 'room', action: 'enter' })
    await member.has('reply', 1)
  })
  await watcher.has('join', MANY)
  await emptied(store, one.realtime, other.realtime)
  one.errors.length = 0
  await soon(async () => expect((await other.realtime.presence('room')).count).toBe(MANY))
  // Who is missing then, or is told of by a list without them, is gone for those who watch.
  await sleep(GRACE_MS + 1_000)
  expect(watcher.all('leave')).toEqual([])
  const lists = watcher.all('presence').map(({ count, members }) => [count, members?.length])
  for (const list of lists) expect(list).toEqual([MANY, MANY])
  expect(lists.length).toBeGreaterThan(0)
  expect((await other.realtime.presence('room')).count).toBe(MANY)
  expect(one.errors).toEqual([])
})

test('when Redis comes back empty, publishes succeed while 2,400 channels are verified, and all of them are heard of again', {
  timeout: 30_000,
}, async () => {
  const { store, one, other } = await two()
  const peers: Peer[] = []
  const names: string[] = []
  for (let link = 0; link < MANY / OF_A_LINK; link++) {
    const peer = await connected(one.realtime, `reader${link}`)
    const own = Array.from({ length: OF_A_LINK }, (_, i) => `c${link}-${i}`)
    for (const channel of own) peer.tell({ type: 'subscribe', channel, generation: 1 })
    await peer.has('subscribed', OF_A_LINK)
    peers.push(peer)
    names.push(...own)
  }
  // What was never written has no end that could be another one.
  await forEach(MANY, (i) => one.realtime.publish(names[i] ?? '', 'before'))
  for (const peer of peers) await peer.has('publication', OF_A_LINK)
  await emptied(store, one.realtime, other.realtime)
  one.errors.length = 0
  // At once, by the node that is at it.
  const published = await Promise.all(Array.from({ length: 100 }, (_, i) => one.realtime.publish(`new${i}`, 'now')))
  expect(published.map(({ offset }) => offset)).toEqual(published.map(() => 1))
  await forEach(MANY, (i) => other.realtime.publish(names[i] ?? '', 'after'))
  await soon(() => {
    const after = peers.map((peer) => peer.all('publication').filter(({ data }) => data === 'after').length)
    expect(after).toEqual(peers.map(() => OF_A_LINK))
  })
  // What Redis has lost is told, once for each.
  expect(peers.map((peer) => peer.all('gap').length)).toEqual(peers.map(() => OF_A_LINK))
  expect(one.errors).toEqual([])
})
