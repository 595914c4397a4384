import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { healthChecks, RealtimeServer } from '../../src/index.js'

const opened: Server[] = []
afterEach(() => {
  for (const http of opened.splice(0)) http.close().closeAllConnections()
})

async function serve(realtime: RealtimeServer): Promise<(path: string) => Promise<Response>> {
  const checks = healthChecks(realtime)
  const http = createServer((request, response) => {
    if (!checks(request, response)) response.writeHead(404).end()
  })
  opened.push(http)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  return (path) => fetch(`http://127.0.0.1:${port}${path}`)
}

test('a server is alive and ready, and no longer ready once it drains', async () => {
  const realtime = new RealtimeServer()
  const get = await serve(realtime)
  const ready = await get('/readyz?from=balancer')
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ok', connections: 0 }])
  const closed = realtime.close({ lbDelayMs: 60_000 })
  const draining = await get('/readyz')
  expect([draining.status, await draining.json()]).toEqual([503, { status: 'draining', connections: 0 }])
  expect((await get('/healthz')).status).toBe(200)
  await realtime.close()
  await closed
})

test('other requests are left to the application', async () => {
  const get = await serve(new RealtimeServer())
  expect((await get('/other')).status).toBe(404)
})
