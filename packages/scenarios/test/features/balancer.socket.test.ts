import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { RealtimeClient } from '@org/realtime-client'
import { RealtimeServer } from '@org/realtime-server'
import { expect, onTestFinished, test } from 'vitest'

/** Patience of the balancer. The timers of a server can be half a second late, each time. */
const IDLE_MS = 2_000

/** A balancer that cuts connections over which nothing has come for a while, either way. */
async function balanced(port: number): Promise<{ readonly url: string; readonly cuts: () => number }> {
  let cuts = 0
  const open = new Set<Socket>()
  const balancer = createServer((outside) => {
    const inside = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      open.add(from)
      from.pipe(to)
      from.on('error', () => undefined)
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
    }
    let timer: NodeJS.Timeout | undefined
    const alive = () => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        cuts += 1
        outside.destroy()
      }, IDLE_MS)
    }
    outside.on('data', alive).on('close', () => clearTimeout(timer))
    inside.on('data', alive)
    alive()
  })
  await new Promise<void>((resolve) => balancer.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    balancer.close()
    for (const socket of open) socket.destroy()
  })
  return { url: `ws://127.0.0.1:${(balancer.address() as AddressInfo).port}/realtime`, cuts: () => cuts }
}

async function serving(heartbeatMs: number) {
  const realtime = new RealtimeServer(undefined, { limits: { heartbeatMs, heartbeatTimeoutMs: 500 } })
  realtime.channel('room', { subscribe: true })
  const http = createHttpServer()
  realtime.attach(http)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    await realtime.close()
    http.close()
  })
  return { realtime, ...(await balanced((http.address() as AddressInfo).port)) }
}

/** A quiet client, and how often it had to connect within three times the patience of the balancer. */
async function connectsOf(url: string): Promise<{ readonly heard: unknown[]; connects(): number }> {
  const client = new RealtimeClient(url)
  onTestFinished(() => client.close())
  let connects = 0
  client.on('connected', () => void (connects += 1))
  const heard: unknown[] = []
  client.channel('room').on('message', ({ data }) => heard.push(data))
  await client.channel('room').ready()
  await new Promise((resolve) => setTimeout(resolve, 3 * IDLE_MS))
  return { heard, connects: () => connects }
}

test('[A8] a quiet connection outlives a balancer that cuts idle ones, as long as the server pings more often', async () => {
  const { url, cuts, realtime } = await serving(600)
  const { heard, connects } = await connectsOf(url)
  await realtime.publish('room', 'still there')
  await expect.poll(() => heard).toEqual(['still there'])
  expect([connects(), cuts()]).toEqual([1, 0])
})

test('a balancer that is less patient than the server cuts, and the client comes back each time', async () => {
  const { url, cuts } = await serving(10 * IDLE_MS)
  const { connects } = await connectsOf(url)
  expect(cuts()).toBeGreaterThan(0)
  expect(connects()).toBeGreaterThan(1)
})
