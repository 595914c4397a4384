import { once } from 'node:events'
import { createServer as createHttpServer, type Server } from 'node:http'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { RealtimeClient } from '@org/realtime-client'
import { memory, RealtimeServer, type MemoryBackend } from '@org/realtime-server'
import { expect, onTestFinished, test, vi } from 'vitest'

const GRACE_MS = 1_500

/** A server on a port of its own. */
async function served(backend: MemoryBackend): Promise<number> {
  const realtime = new RealtimeServer(undefined, {
    backend,
    limits: { presenceGraceMs: GRACE_MS },
    authenticate: ({ token }) => ({ user: token ? { id: token } : null }),
  })
  realtime.channel('room', { subscribe: true, presence: true })
  const http = createHttpServer()
  onTestFinished(async () => {
    await realtime.close()
    http.close()
  })
  realtime.attach(http)
  return listening(http)
}

/** A network between a client and a server, which can be cut. */
async function network(port: number) {
  const sockets = new Set<Socket>()
  let isUp = true
  const proxy = createServer((inner) => {
    if (!isUp) return void inner.destroy()
    const outer = connect({ port, host: '127.0.0.1' })
    for (const socket of [inner, outer]) {
      sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => [inner, outer].forEach((end) => end.destroy()))
    }
    inner.pipe(outer).pipe(inner)
  })
  onTestFinished(() => void proxy.close())
  const outside = await listening(proxy)
  return {
    url: `ws://127.0.0.1:${outside}/realtime`,
    set(up: boolean) {
      isUp = up
      if (!up) for (const socket of sockets) socket.destroy()
    },
  }
}

async function listening(server: Server | ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function dialed(url: string, user: string): RealtimeClient {
  const client = new RealtimeClient(url, { token: () => user })
  onTestFinished(() => client.close())
  return client
}

test('[A7] who leaves is told to the others at once, who is cut off after the grace, who is back in time not at all', async () => {
  const backend = memory()
  const [one, two] = [await served(backend), await served(backend)]
  const { url, set } = await network(one)
  const heard: Array<[string, string | null, number]> = []
  const room = dialed(`ws://127.0.0.1:${two}/realtime`, 'watcher').channel('room')
  const hear = (event: 'join' | 'leave') => room.on(event, ({ user }) => heard.push([event, user, performance.now()]))
  hear('join')
  hear('leave')
  const told = (count: number) => vi.waitFor(() => expect(heard).toHaveLength(count), { timeout: 10_000, interval: 10 })
  await room.presence.get()

  const ada = dialed(url, 'ada')
  await ada.channel('room').presence.enter()
  await told(1)
  await ada.channel('room').presence.leave()
  await told(2)
  await ada.channel('room').presence.enter()
  await told(3)

  // A network that blinks: the client is back before the grace is over, on the link after the next one.
  const ups: number[] = []
  ada.on('connected', () => ups.push(performance.now()))
  set(false)
  set(true)
  await vi.waitFor(() => expect(ups).toHaveLength(1), { timeout: 10_000, interval: 10 })
  await new Promise((resolve) => setTimeout(resolve, GRACE_MS * 2))
  expect(heard).toHaveLength(3)

  const cutAt = performance.now()
  set(false)
  await told(4)
  expect(heard.map(([event, user]) => `${event} ${user}`)).toEqual(['join ada', 'leave ada', 'join ada', 'leave ada'])
  const took = (heard[3]?.[2] ?? 0) - cutAt
  expect(took).toBeGreaterThanOrEqual(GRACE_MS - 10)
  expect(took).toBeLessThan(GRACE_MS + 8_000)
}, 30_000)
