import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RealtimeClient } from '@org/realtime-client'
import { SUBPROTOCOL } from '@org/realtime-protocol'
import { healthChecks, RealtimeServer, type ServerOptions } from '@org/realtime-server'
import { redis } from '@org/realtime-server/redis'
import type { TestContext } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import type { RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import { TLS_CERTIFICATE } from '../../../server/test/support/tls.js'

/** Two servers on one Redis, which nobody else sees there. */
export async function servers({ onTestFinished, task }: TestContext, store: RedisServer, options: ServerOptions = {}) {
  const addresses: string[] = []
  const start = async (node: string) => {
    const realtime = new RealtimeServer(undefined, {
      ...options,
      backend: redis({ url: store.url, keyPrefix: `${task.id}:` }),
      authenticate: ({ handshake }) => (addresses.push(handshake.remoteAddress), { user: null, hello: node }),
    })
    realtime.channel('room', { subscribe: true, publish: true })
    const health = healthChecks(realtime)
    const http = createServer((request, response) => {
      if (!health(request, response)) response.writeHead(404).end()
    })
    realtime.attach(http)
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      await realtime.close({ lbDelayMs: 0 })
      http.close()
    })
    return { realtime, http, port: (http.address() as AddressInfo).port }
  }
  const [a, b] = [await start('a'), await start('b')]
  return {
    a: a.realtime,
    ports: [a.port, b.port],
    addresses,
    /** Nobody answers at the port of a any more. */
    async die() {
      await a.realtime.close({ lbDelayMs: 0 })
      a.http.close()
    },
  }
}

/** Somebody outside, who verifies the certificate, and what it hears. */
export function guest({ onTestFinished }: TestContext, url: string, options: ClientOptions = {}) {
  class Trusting extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols, { ca: TLS_CERTIFICATE, ...options })
    }
  }
  const client = new RealtimeClient(url, { WebSocket: Trusting, reconnect: { minMs: 50, baseMs: 100 } })
  onTestFinished(() => client.close())
  /** The server of each link there was. */
  const nodes: unknown[] = []
  client.on('connected', ({ hello }) => nodes.push(hello))
  const heard: unknown[] = []
  const room = client.channel('room')
  room.on('message', ({ data }) => heard.push(data))
  return { client, room, nodes, heard }
}

/** The status of a handshake that is refused; 101 when it is not. */
export function answered(
  { onTestFinished }: TestContext,
  url: string,
  options: ClientOptions = {},
): Promise<number | undefined> {
  const webSocket = new WebSocket(url, SUBPROTOCOL, { ca: TLS_CERTIFICATE, ...options })
  onTestFinished(() => webSocket.terminate())
  return new Promise((resolve, reject) => {
    webSocket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode))
    webSocket.on('upgrade', ({ statusCode }) => resolve(statusCode))
    webSocket.on('error', reject)
  })
}
