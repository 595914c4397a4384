import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, test, vi } from 'vitest'
import type { ClientOptions } from 'ws'
import { startRedis, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import { answered, guest, servers } from './around.js'
import { startBalancer } from './balancer.js'
import { HAPROXY } from './haproxy.js'
import { NGINX } from './nginx.js'

/** Patience of a balancer that has little. The timers of a server can be half a second late, each time. */
const IDLE_MS = 3_000

let store: RedisServer
beforeAll(async () => void (store = await startRedis()))
afterAll(() => store.stop())

const BALANCERS = [HAPROXY, NGINX].map((balancer) => [balancer.name, balancer] as const)

// Those that wait for a balancer to lose its patience do so at once.
describe.concurrent.each(BALANCERS)('two servers behind %s', (_, balancer) => {
  const { host } = balancer
  const impatient = (recipe: string) => balancer.impatient(recipe, IDLE_MS)

  test('[A8] a quiet link outlives a balancer that cuts idle ones, as long as the server pings more often', async (context) => {
    const { expect } = context
    const { a, ports } = await servers(context, store, { limits: { heartbeatMs: 900, heartbeatTimeoutMs: 900 } })
    const { url } = await startBalancer(context, balancer, ports, impatient)
    const guests = [guest(context, url), guest(context, url)]
    await Promise.all(guests.map(({ room }) => room.ready()))
    await sleep(3 * IDLE_MS)
    await a.publish('room', 'still there')
    for (const { heard } of guests) await expect.poll(() => heard).toEqual(['still there'])
    expect(guests.flatMap(({ nodes }) => nodes).sort()).toEqual(['a', 'b'])
  })

  test('a balancer that is less patient than the server cuts, and the client comes back', async (context) => {
    const { expect } = context
    const { ports } = await servers(context, store, { limits: { heartbeatMs: 10 * IDLE_MS } })
    const { url } = await startBalancer(context, balancer, ports, impatient)
    const { room, nodes } = guest(context, url)
    await room.ready()
    await expect.poll(() => nodes.length, { timeout: 10 * IDLE_MS }).toBeGreaterThan(1)
  })

  test('[A10] where the balancer ends TLS, links are wss, and origin, host and address are those of the outside', async (context) => {
    const { expect } = context
    const { a, ports, addresses } = await servers(context, store, { trustedProxies: 1 })
    const { url } = await startBalancer(context, balancer, ports)
    const from = (origin: string): ClientOptions => ({
      origin,
      headers: { host, cookie: 'session=1' },
      // Another address than that of the balancer itself, which the servers see.
      localAddress: '127.0.0.9',
    })
    const { room, heard } = guest(context, url, from(`https://${host}`))
    await room.ready()
    await a.publish('room', 'through TLS')
    await expect.poll(() => heard).toEqual(['through TLS'])
    expect(await answered(context, url, from('https://evil.example'))).toBe(403)
    expect(addresses).toEqual(['127.0.0.9'])
  })

  test('[A10] what a client writes into its headers makes it nobody else, and its page no page of this host', async (context) => {
    const { expect } = context
    const { ports, addresses } = await servers(context, store, { trustedProxies: 1 })
    const { url } = await startBalancer(context, balancer, ports)
    const forged = { 'x-forwarded-for': '203.0.113.1', 'x-forwarded-host': 'evil.example', cookie: 'session=1' }
    const headers = { host, ...forged }
    const { room } = guest(context, url, { origin: `https://${host}`, headers })
    await room.ready()
    expect(addresses).toEqual(['127.0.0.1'])
    expect(await answered(context, url, { origin: 'https://evil.example', headers })).toBe(403)
  })

  test('[A11] a balancer that is reloaded under traffic keeps all links, and gives new ones by its new configuration', async (context) => {
    const { expect } = context
    const { ports } = await servers(context, store)
    const proxy = await startBalancer(context, balancer, ports)
    const guests = [guest(context, proxy.url), guest(context, proxy.url)]
    for (const { room } of guests) await room.ready()
    const [ada] = guests
    if (!ada) throw new Error('there is nobody')
    const sent: number[] = []
    const stored: Array<Promise<unknown>> = []
    const writing = setInterval(() => {
      sent.push(sent.length + 1)
      stored.push(ada.room.publish(sent.length))
    }, 20)
    context.onTestFinished(() => clearInterval(writing))
    await expect.poll(() => ada.heard.length).toBeGreaterThan(10)

    proxy.reload(balancer.withoutSecond)
    // In turn, one of two would be on the other server.
    await vi.waitFor(
      async () => {
        const others = [guest(context, proxy.url), guest(context, proxy.url)]
        await Promise.all(others.map(({ room }) => room.ready()))
        const nodes = others.flatMap(({ nodes }) => nodes)
        await Promise.all(others.map(({ client }) => client.close()))
        expect(nodes).toEqual(['a', 'a'])
      },
      { timeout: 15_000, interval: 50 },
    )
    await expect.poll(() => sent.length).toBeGreaterThan(50)
    clearInterval(writing)
    await Promise.all(stored)
    for (const { heard } of guests) await expect.poll(() => heard).toEqual(sent)
    expect(guests.flatMap(({ nodes }) => nodes).sort()).toEqual(['a', 'b'])
  })
})
