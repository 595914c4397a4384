// What the guide to scaling out says of a server while Redis is down, line by line.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RealtimeClient } from '@org/realtime-client'
import { healthChecks, RealtimeServer } from '@org/realtime-server'
import { redis } from '@org/realtime-server/redis'
import { expect, onTestFinished, test } from 'vitest'
import { startRedis } from '../../../../scripts/lib/redis-servers.mjs'

/** Patience of a test: what takes seconds in production takes tenths here. */
const QUICK = { commandTimeoutMs: 300, deadlineMs: 1_000, pingIntervalMs: 100, probeIntervalMs: 150 }

/** A server on a Redis that keeps what it was given through a crash. */
async function started() {
  const store = await startRedis({ settings: { appendonly: 'yes', appendfsync: 'always' } })
  onTestFinished(() => store.stop())
  const realtime = new RealtimeServer(undefined, { backend: redis({ url: store.url, ...QUICK }) })
  realtime.channel('{room}', { subscribe: true, publish: true, presence: true })
  onTestFinished(() => realtime.close())
  const checks = healthChecks(realtime)
  const http = createServer((request, response) => void checks(request, response))
  onTestFinished(() => void http.close())
  realtime.attach(http)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const at = `127.0.0.1:${(http.address() as AddressInfo).port}`
  const dial = () => {
    const client = new RealtimeClient(`ws://${at}/realtime`, { reconnect: { minMs: 50, baseMs: 100 } })
    onTestFinished(() => client.close())
    return client
  }
  return {
    realtime,
    dial,
    readiness: async () => {
      const response = await fetch(`http://${at}/readyz`)
      return [response.status, ((await response.json()) as { status: string }).status]
    },
    async down() {
      await store.kill()
      await expect.poll(() => realtime.health.status, { timeout: 5_000 }).toBe('degraded')
    },
    async up() {
      await store.start()
      await expect.poll(() => realtime.health.status, { timeout: 10_000 }).toBe('ok')
    },
  }
}

test('while Redis is down the server is ready, links stay, and pages are told that it is degraded', async () => {
  const { dial, readiness, down, up } = await started()
  const client = dial()
  await client.channel('a').presence.get()
  const links: string[] = []
  client.on('state', ({ status, degraded }) => links.push(`${status}${degraded ? ' degraded' : ''}`))
  await down()
  expect(await readiness()).toEqual([200, 'degraded'])
  await expect.poll(() => links).toEqual(['connected degraded'])
  await up()
  await expect.poll(() => links).toEqual(['connected degraded', 'connected'])
  expect(await readiness()).toEqual([200, 'ok'])
})

test('a publish of the server fails in time, and takes effect once when it is repeated with its key', async () => {
  const { realtime, dial, down, up } = await started()
  const heard: unknown[] = []
  const room = dial().channel('a')
  room.on('message', ({ data }) => heard.push(data))
  await room.ready()
  const publish = () => realtime.publish('a', 'import', { key: 'import-7' })
  await down()
  const began = performance.now()
  await expect(publish()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  expect(performance.now() - began).toBeLessThan(QUICK.deadlineMs + 1_000)
  await up()
  const first = await publish()
  expect(await publish()).toEqual(first)
  await realtime.publish('a', 'end')
  await expect.poll(() => heard).toEqual(['import', 'end'])
})

test('who subscribes meanwhile begins at the position it asked for, when Redis is back', async () => {
  const { realtime, dial, down, up } = await started()
  for (const n of [1, 2, 3, 4]) await realtime.publish('a', n)
  const client = dial()
  await client.channel('b').presence.get()
  await down()
  const heard: unknown[] = []
  const room = client.channel('a', { since: { last: 2 } })
  room.on('message', ({ data }) => heard.push(data))
  const ready = room.ready()
  expect(
    await Promise.race([ready.then(() => 'ready'), new Promise((resolve) => setTimeout(resolve, 500, 'waits'))]),
  ).toBe('waits')
  await up()
  await ready
  await expect.poll(() => heard).toEqual([3, 4])
})

test('who comes meanwhile is sent back, and gets in by itself when Redis is back', async () => {
  const { dial, down, up } = await started()
  await down()
  const client = dial()
  const codes: unknown[] = []
  client.on('state', ({ closeCode }) => closeCode !== undefined && codes.push(closeCode))
  client.connect()
  await expect.poll(() => codes[0], { timeout: 5_000 }).toBe(4005)
  expect(client.state.status).toBe('connecting')
  await up()
  await expect.poll(() => client.state.status, { timeout: 10_000 }).toBe('connected')
})

test('what is sent to an ephemeral channel meanwhile reaches nobody, and nothing out of date comes when Redis is back', async () => {
  const { realtime, dial, down, up } = await started()
  realtime.channel('cursor:{page}', { mode: 'ephemeral', subscribe: true, publish: true })
  const [ada, eve] = [dial().channel('cursor:a'), dial().channel('cursor:a')]
  const heard: unknown[] = []
  for (const cursor of [ada, eve]) {
    cursor.on('message', ({ data }) => heard.push(data))
    await cursor.ready()
  }
  ada.send('before')
  await expect.poll(() => heard).toEqual(['before', 'before'])
  await down()
  // One is tried for `deadlineMs`, and meanwhile those behind it go out of date.
  for (let i = 0; i < 20; i++) ada.send(`meanwhile ${i}`)
  const began = performance.now()
  await expect(realtime.publish('cursor:a', 'meanwhile')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(performance.now() - began).toBeLessThan(QUICK.deadlineMs + 1_000)
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  await up()
  ada.send('after')
  await expect.poll(() => heard, { timeout: 5_000 }).toEqual(['before', 'before', 'after', 'after'])
})
