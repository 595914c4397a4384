import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, test, vi } from 'vitest'
import type { ClientOptions } from 'ws'
import { startRedis, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import { textOf } from '../docs/pages.js'
import { answered, guest, servers } from './around.js'
import { startHaproxy } from './haproxy.js'
import { replaced } from './recipe.js'

/** Patience of a balancer that has little. The timers of a server can be half a second late, each time. */
const IDLE_MS = 2_000
const impatient = (config: string) => replaced(config, 'timeout tunnel 60s', `timeout tunnel ${IDLE_MS}ms`)

let store: RedisServer
beforeAll(async () => void (store = await startRedis()))
afterAll(() => store.stop())

// Those that wait for a balancer to lose its patience do so at once.
describe.concurrent('two servers behind an HAProxy', () => {
  test('[A8] a quiet link outlives an HAProxy that cuts idle ones, as long as the server pings more often', async (context) => {
    const { expect } = context
    const { a, ports } = await servers(context, store, { limits: { heartbeatMs: 600, heartbeatTimeoutMs: 500 } })
    const { url } = await startHaproxy(context, ports, impatient)
    const guests = [guest(context, url), guest(context, url)]
    await Promise.all(guests.map(({ room }) => room.ready()))
    await sleep(3 * IDLE_MS)
    await a.publish('room', 'still there')
    for (const { heard } of guests) await expect.poll(() => heard).toEqual(['still there'])
    expect(guests.flatMap(({ nodes }) => nodes).sort()).toEqual(['a', 'b'])
  })

  test('an HAProxy that is less patient than the server cuts, and the client comes back', async (context) => {
    const { expect } = context
    const { ports } = await servers(context, store, { limits: { heartbeatMs: 10 * IDLE_MS } })
    const { url } = await startHaproxy(context, ports, impatient)
    const { room, nodes } = guest(context, url)
    await room.ready()
    await expect.poll(() => nodes.length, { timeout: 10 * IDLE_MS }).toBeGreaterThan(1)
  })

  test('[A10] behind an HAProxy that ends TLS, links are wss, and origin, host and address are those of the outside', async (context) => {
    const { expect } = context
    const { a, ports, addresses } = await servers(context, store, { trustedProxies: 1 })
    const { url } = await startHaproxy(context, ports)
    const from = (origin: string): ClientOptions => ({
      origin,
      headers: { host: 'chat.example.com', cookie: 'session=1' },
      // Another address than that of HAProxy itself, which the servers see.
      localAddress: '127.0.0.9',
    })
    const { room, heard } = guest(context, url, from('https://chat.example.com'))
    await room.ready()
    await a.publish('room', 'through TLS')
    await expect.poll(() => heard).toEqual(['through TLS'])
    expect(await answered(context, url, from('https://evil.example'))).toBe(403)
    expect(addresses).toEqual(['127.0.0.9'])
  })

  test('[A10] behind an HAProxy, what a client writes into its headers makes it nobody else, and its page no page of this host', async (context) => {
    const { expect } = context
    const { ports, addresses } = await servers(context, store, { trustedProxies: 1 })
    const { url } = await startHaproxy(context, ports)
    const forged = { 'x-forwarded-for': '203.0.113.1', 'x-forwarded-host': 'evil.example', cookie: 'session=1' }
    const headers = { host: 'chat.example.com', ...forged }
    const { room } = guest(context, url, { origin: 'https://chat.example.com', headers })
    await room.ready()
    expect(addresses).toEqual(['127.0.0.1'])
    expect(await answered(context, url, { origin: 'https://evil.example', headers })).toBe(403)
  })

  test('[A11] an HAProxy that is reloaded under traffic keeps all links, and gives new ones by its new configuration', async (context) => {
    const { expect } = context
    const { ports } = await servers(context, store)
    const proxy = await startHaproxy(context, ports)
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

    proxy.reload((config) => config.replace(/^ +server b .*\n/m, ''))
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

  test('whoever comes to an HAProxy while a server is stopped, as the guide stops it, or when it is gone, is let in by the other one', async (context) => {
    const { expect } = context
    const { a, ports, die } = await servers(context, store)
    const { url } = await startHaproxy(context, ports)
    const first = [guest(context, url), guest(context, url)]
    await Promise.all(first.map(({ room }) => room.ready()))
    expect(first.flatMap(({ nodes }) => nodes).sort()).toEqual(['a', 'b'])

    const [, lbDelay = ''] = /lbDelayMs: ([\d_]+)/.exec(textOf('docs/guide/scaling-out.md')) ?? []
    let isStopped = false
    const stopped = a
      .close({ lbDelayMs: Number(lbDelay.replace('_', '')), drainMs: 1_000 })
      .then(() => (isStopped = true))
    const statuses: unknown[] = []
    while (!isStopped) {
      statuses.push(await answered(context, url))
      await sleep(50)
    }
    await stopped
    await die()
    for (let n = 0; n < 4; n++) statuses.push(await answered(context, url))
    expect(statuses.length).toBeGreaterThan(20)
    expect(new Set(statuses)).toEqual(new Set([101]))
    for (const { room } of first) await room.publish('still here')
    expect(first.flatMap(({ nodes }) => nodes).sort()).toEqual(['a', 'b', 'b'])
  })
})
