import { createServer as createTlsServer } from 'node:https'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { SUBPROTOCOL } from '@org/realtime-protocol'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { RealtimeServer, type ServerOptions } from '../../src/index.js'
import { listening, SocketClient, until, within } from '../support/http.js'
import { TLS_CERTIFICATE, TLS_KEY } from '../support/tls.js'

/** Where the balancer sees all clients. */
const OUTSIDE = '203.0.113.77'

/** A balancer that ends TLS: it tells the server who asked for what, and asks it under a name of its own. */
async function balanced(options: ServerOptions) {
  const addresses: string[] = []
  const realtime = new RealtimeServer(undefined, {
    ...options,
    authenticate: ({ handshake }) => (addresses.push(handshake.remoteAddress), { user: null }),
  })
  realtime.channel('{name}', { subscribe: true, publish: true })
  onTestFinished(() => realtime.close())
  const { server, port } = await listening()
  realtime.attach(server)

  const balancer = createTlsServer({ key: TLS_KEY, cert: TLS_CERTIFICATE })
  balancer.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    const inner = connect({ port, host: '127.0.0.1' })
    const { host = '', 'x-forwarded-for': before, ...headers } = request.headers
    const lines = Object.entries({
      ...headers,
      host: 'inner.internal:8080',
      'x-forwarded-host': host,
      'x-forwarded-proto': 'https',
      'x-forwarded-for': [before, OUTSIDE].flat().filter(Boolean).join(', '),
    }).map(([name, value]) => `${name}: ${String(value)}\r\n`)
    inner.write(`GET ${request.url ?? ''} HTTP/1.1\r\n${lines.join('')}\r\n`)
    inner.write(head)
    inner.pipe(socket).on('error', () => inner.destroy())
    socket.pipe(inner).on('error', () => socket.destroy())
  })
  const { port: outer } = await listening(balancer)
  return { realtime, addresses, url: `wss://127.0.0.1:${outer}/realtime` }
}

/** How a browser connects that has a cookie of this host. */
function fromPage(origin: string, forwarded?: string) {
  return {
    rejectUnauthorized: false,
    origin,
    headers: {
      host: 'chat.example.com',
      cookie: 'session=1',
      ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }),
    },
  }
}

/** The status that a handshake was refused with. */
async function refusal(url: string, options: object): Promise<number | undefined> {
  const webSocket = new WebSocket(url, SUBPROTOCOL, options)
  onTestFinished(() => webSocket.terminate())
  webSocket.on('error', () => undefined)
  let status: number | undefined
  webSocket.on('unexpected-response', (_request, response) => (status = response.statusCode))
  await within(
    'an answer',
    new Promise((resolve) => webSocket.once('unexpected-response', resolve).once('open', resolve)),
  )
  return status
}

test('[A10] behind a balancer that ends TLS, origin, host and address are those of the outside', async () => {
  const { url, addresses, realtime } = await balanced({ trustedProxies: ['127.0.0.1'] })
  const client = await SocketClient.connected(url, fromPage('https://chat.example.com'))
  expect(await refusal(url, fromPage('https://evil.example'))).toBe(403)
  await client.subscribe('c')
  await realtime.publish('c', 'through the balancer')
  expect((await client.next('publication')).data).toBe('through the balancer')
  await until('an address', () => addresses.length === 1)
  expect(addresses).toEqual([OUTSIDE])
})

test('[A10] what a client writes into the headers of the balancer does not make it somebody else', async () => {
  const limits = { connectionsPerAddress: 1 }
  const { url, addresses } = await balanced({ trustedProxies: 1, limits, origins: ['https://chat.example.com'] })
  await SocketClient.connected(url, fromPage('https://chat.example.com', '203.0.113.1'))
  expect(await refusal(url, fromPage('https://chat.example.com', '203.0.113.2'))).toBe(429)
  expect(addresses).toEqual([OUTSIDE])
})

test('a balancer that nobody trusts is not believed', async () => {
  const { url } = await balanced({})
  expect(await refusal(url, fromPage('https://chat.example.com'))).toBe(403)
})
