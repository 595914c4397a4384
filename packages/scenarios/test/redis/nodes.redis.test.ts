import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { RealtimeClient } from '@org/realtime-client'
import { RealtimeServer } from '@org/realtime-server'
import { redis } from '@org/realtime-server/redis'
import { expect, onTestFinished, test, vi } from 'vitest'
import { freePort, startRedis, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'

/** Presence that is over soon, so that an outage outlasts it. */
const LIMITS = { presenceTtlMs: 4_000, presenceGraceMs: 2_000 }

const soon = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 20 })
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A server with a backend and a port of its own, as another process would have them. */
async function served(store: RedisServer) {
  const realtime = new RealtimeServer(undefined, {
    backend: redis({ url: store.url }),
    limits: LIMITS,
    personal: true,
    authenticate: ({ token }) => ({ user: token ? { id: token } : null }),
  })
  realtime.channel('{name}', { subscribe: ({ channel }) => channel !== 'closed', publish: true, presence: true })
  const http = createServer()
  realtime.attach(http)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  onTestFinished(async () => {
    await realtime.close()
    http.close()
  })
  const { port } = http.address() as AddressInfo
  return { realtime, port, url: `ws://127.0.0.1:${port}/realtime` }
}

/** One address in front of servers. Who is moved is cut off there, and the server it was on hears nothing of it. */
async function entrance(first: number) {
  let port = first
  const open = new Set<Socket>()
  const proxy = createTcpServer((inner) => {
    const outer = connect({ port, host: '127.0.0.1' })
    open.add(inner)
    inner.on('error', () => undefined).on('data', (data) => outer.write(data))
    outer.on('error', () => undefined).on('data', (data) => inner.write(data))
    outer.on('close', () => inner.destroy())
    onTestFinished(() => void outer.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  onTestFinished(() => void proxy.close())
  return {
    url: `ws://127.0.0.1:${(proxy.address() as AddressInfo).port}/realtime`,
    moveTo(next: number) {
      port = next
      for (const socket of open) socket.destroy()
      open.clear()
    },
  }
}

async function two() {
  const store = await startRedis()
  onTestFinished(() => store.stop())
  return { store, one: await served(store), other: await served(store) }
}

async function signedIn(url: string, user: string) {
  const client = new RealtimeClient(url, { token: () => user })
  onTestFinished(() => client.close())
  client.connect()
  await client.ready()
  return client
}

test('sessions of another node are found, counted, called, pushed to, subscribed, and sent away', async () => {
  const { one, other } = await two()
  const ada = await signedIn(other.url, 'ada')
  const eve = await signedIn(one.url, 'eve')
  ada.method('double', (input) => Number(input) * 2)

  const found = await one.realtime.sessions({ user: 'ada' })
  expect(found).toMatchObject({ complete: true, sessions: [{ session: ada.session, user: 'ada' }] })
  expect(await one.realtime.count()).toEqual({ connections: 2, sessions: 2, nodes: 2, complete: true })
  expect(await one.realtime.call({ user: 'ada' }, 'double', 21)).toBe(42)
  await expect(one.realtime.call({ user: 'nobody' }, 'double', 21)).rejects.toMatchObject({ code: 'NOT_CONNECTED' })

  const pushed: unknown[] = []
  ada.personal.on('message', ({ data }) => pushed.push(data))
  await ada.personal.ready()
  await one.realtime.publishToUser('ada', 'for you')
  await soon(() => expect(pushed).toEqual(['for you']))

  const heard: unknown[] = []
  ada.on('message', ({ channel, data }) => heard.push([channel, data]))
  expect(await one.realtime.subscribe({ user: 'ada' }, 'closed')).toEqual({ sessions: 1, complete: true })
  await soon(async () => {
    await one.realtime.publish('closed', 'said')
    expect(heard).toContainEqual(['closed', 'said'])
  })

  expect(await one.realtime.disconnect({ user: 'ada' })).toEqual({ sessions: 1, complete: true })
  await soon(() => expect(ada.state).toMatchObject({ status: 'closed', closeCode: 4506 }))
  expect(await one.realtime.session(found.sessions[0]?.session ?? '')).toBeUndefined()
  expect(eve.state.status).toBe('connected')
})

test('who resumes on another node keeps session, name and what the server subscribed it to; the old link is let go', async () => {
  const { one, other } = await two()
  const { url, moveTo } = await entrance(one.port)
  const ada = await signedIn(url, 'ada')
  const session = ada.session ?? ''
  await other.realtime.setAttributes({ user: 'ada' }, { username: 'Ada' })
  await one.realtime.subscribe({ user: 'ada' }, 'closed')
  const known = { session, user: 'ada', attributes: { username: 'Ada' }, subscriptions: ['closed'] }
  expect(await other.realtime.session(session)).toEqual(known)

  const heard: unknown[] = []
  ada.on('message', ({ data }) => heard.push(data))
  moveTo(other.port)
  await soon(async () => expect((await other.realtime.sessions({ user: 'ada' })).sessions).toHaveLength(1))
  await soon(() => expect(ada.state.status).toBe('connected'))
  expect(ada.session).toBe(session)
  // The node that had it did not see the link end, and was told.
  await soon(() => expect([one.realtime.connections, other.realtime.connections]).toEqual([0, 1]))
  expect(await one.realtime.session(session)).toEqual(known)
  await soon(async () => {
    await one.realtime.publish('closed', 'still here')
    expect(heard).toContain('still here')
  })
  await ada.close()
  await soon(async () => expect(await one.realtime.session(session)).toBeUndefined())
})

// Real seconds pass: a machine that stands still for longer than a member lives ends members.
test('while Redis is away for longer than a member lives, and empty afterwards, nobody leaves and no session is lost', {
  retry: 2,
  timeout: 40_000,
}, async () => {
  const { store, one, other } = await two()
  const changes: string[] = []
  const watcher = await signedIn(other.url, 'watcher')
  const room = watcher.channel('room')
  for (const kind of ['join', 'leave'] as const) room.on(kind, ({ user }) => changes.push(`${kind} ${user}`))
  await room.presence.get()
  const members = await Promise.all(['ada', 'eve', 'kim'].map((user) => signedIn(one.url, user)))
  for (const member of members) await member.channel('room').presence.enter()
  await one.realtime.setAttributes({ user: 'ada' }, { username: 'Ada' })
  await soon(() => expect(changes).toHaveLength(3))

  await store.kill()
  await sleep(LIMITS.presenceTtlMs * 1.5)
  await store.start()
  await soon(async () => expect((await other.realtime.presence('room')).count).toBe(3))
  await sleep(LIMITS.presenceTtlMs * 1.2)
  expect(changes).toHaveLength(3)
  expect((await other.realtime.presence('room')).count).toBe(3)
  const [ada] = members
  expect(await other.realtime.session(ada?.session ?? '')).toMatchObject({ attributes: { username: 'Ada' } })
  expect(await one.realtime.count()).toMatchObject({ nodes: 2, sessions: 4, complete: true })
})

test('a server whose Redis was never there closes without waiting for it', async () => {
  const realtime = new RealtimeServer(undefined, { backend: redis({ url: `redis://127.0.0.1:${await freePort()}` }) })
  const http = createServer()
  realtime.attach(http)
  await sleep(300)
  const began = performance.now()
  await realtime.close()
  // A call that waits does so for 5 s.
  expect(performance.now() - began).toBeLessThan(4_900)
})
