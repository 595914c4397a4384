import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RealtimeClient } from '@org/realtime-client'
import { RealtimeServer } from '@org/realtime-server'
import { redis, type RedisBackendOptions } from '@org/realtime-server/redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startCluster, startRedis, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'

/** Patience of a test: what takes seconds in production takes tenths here. */
const QUICK = { commandTimeoutMs: 300, deadlineMs: 1_500, pingIntervalMs: 100, probeIntervalMs: 150 }

async function started(): Promise<RedisServer> {
  const server = await startRedis()
  onTestFinished(() => server.stop())
  return server
}

/** A server of a node of its own, with no socket. */
function node(options: RedisBackendOptions): RealtimeServer {
  const realtime = new RealtimeServer(undefined, { backend: redis({ ...QUICK, ...options }) })
  realtime.channel('room', { subscribe: true, publish: true })
  onTestFinished(() => realtime.close())
  return realtime
}

/** The same, on a port. @returns Its url. */
async function attached(realtime: RealtimeServer): Promise<string> {
  const http = createHttpServer()
  onTestFinished(() => void http.close())
  realtime.attach(http)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return `ws://127.0.0.1:${(http.address() as AddressInfo).port}/realtime`
}

function dialed(url: string): RealtimeClient {
  const client = new RealtimeClient(url)
  onTestFinished(() => client.close())
  return client
}

/** Who listens, and what it has heard. */
async function listening(client: RealtimeClient): Promise<unknown[]> {
  const heard: unknown[] = []
  const room = client.channel('room')
  room.on('message', ({ data }) => void heard.push(data))
  await room.ready()
  return heard
}

const SETUPS = [
  { name: 'one Redis', where: async () => ({ url: (await started()).url }) },
  {
    name: 'three masters of a Cluster',
    where: async () => {
      const servers = await startCluster()
      onTestFinished(async () => void (await Promise.all(servers.map((server) => server.stop()))))
      return { cluster: servers.map(({ url }) => url) }
    },
  },
]

describe.each(SETUPS)('on $name', ({ where }) => {
  test('[C4] a process that has no sockets publishes, and clients of other processes hear it', async () => {
    const options = await where()
    const client = dialed(await attached(node(options)))
    const heard = await listening(client)
    const { offset } = await node(options).publish('room', { text: 'from a job' })
    await expect.poll(() => heard).toEqual([{ text: 'from a job' }])
    expect(offset).toBe(1)
  })

  test('clients of two servers see each other', async () => {
    const options = await where()
    const [one, two] = [dialed(await attached(node(options))), dialed(await attached(node(options)))]
    const heard = [await listening(one), await listening(two)]
    await one.channel('room').publish({ text: 'by one' })
    await two.channel('room').publish({ text: 'by two' })
    const both = [{ text: 'by one' }, { text: 'by two' }]
    await expect.poll(() => heard).toEqual([both, both])
  })
})

describe('while Redis is away', () => {
  test('links stay, the server says that it is degraded, and what was published meanwhile arrives when it is back', async () => {
    const server = await startRedis({ settings: { appendonly: 'yes', appendfsync: 'always' } })
    onTestFinished(() => server.stop())
    const realtime = node({ url: server.url })
    const client = dialed(await attached(realtime))
    const heard = await listening(client)
    await client.channel('room').publish(1)
    const { connections } = realtime.health
    await server.kill()
    await expect.poll(() => realtime.health.status).toBe('degraded')
    const began = performance.now()
    await expect(realtime.publish('room', 'lost')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(performance.now() - began).toBeLessThan(3_000)
    const waiting = client.channel('room').publish(2)
    expect(realtime.health.connections).toBe(connections)
    await server.start()
    await expect.poll(() => realtime.health.status, { timeout: 10_000 }).toBe('ok')
    await waiting
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual([1, 2])
  })

  test('a server that starts before Redis serves when it comes', async () => {
    const server = await started()
    await server.kill()
    const realtime = node({ url: server.url })
    const url = await attached(realtime)
    await expect.poll(() => realtime.health.status, { timeout: 5_000 }).toBe('degraded')
    await server.start()
    await expect.poll(() => realtime.health.status, { timeout: 5_000 }).toBe('ok')
    const heard = await listening(dialed(url))
    await realtime.publish('room', 'hello')
    await expect.poll(() => heard).toEqual(['hello'])
  })
})

test('[E2] constructing a server opens nothing, attaching it connects, and closing the last one of a backend disconnects', async () => {
  const server = await started()
  const others = async (): Promise<number> =>
    String(await server.command('CLIENT', 'LIST'))
      .trim()
      .split('\n').length - 1
  const backend = redis({ ...QUICK, url: server.url })
  const [one, two] = [new RealtimeServer(undefined, { backend }), new RealtimeServer(undefined, { backend })]
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(await others()).toBe(0)
  await attached(one)
  // One for commands and one for topics, whatever the number of servers that share the backend.
  await expect.poll(others).toBe(2)
  await attached(two)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(await others()).toBe(2)
  await one.close()
  expect(await others()).toBe(2)
  await two.close()
  await expect.poll(others).toBe(0)
})
