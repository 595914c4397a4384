import { once } from 'node:events'
import { createServer as createSecureServer } from 'node:https'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { SUBPROTOCOL } from '@org/realtime-protocol'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Transport, TransportHandler } from '../../src/index.js'
import { transportContract, type TransportFixture } from '../../src/testing/index.js'
import { Upgrade } from '../../src/ws/upgrade.js'
import { until } from '../support/http.js'
import { TLS_CERTIFICATE, TLS_KEY } from '../support/tls.js'

/** Links over real sockets of one HTTP server. */
async function sockets(server: Server, scheme: 'ws' | 'wss'): Promise<TransportFixture> {
  const handlers: TransportHandler[] = []
  const transports: Transport[] = []
  const accept = (transport: Transport): TransportHandler => {
    transports.push(transport)
    return handlers.at(-1) as TransportHandler
  }
  const gate = { refusal: () => undefined, accept, takesPlain: false, acceptPlain: accept }
  const upgrade = new Upgrade(gate, { limited: () => undefined, warn: () => undefined }, { messageBytes: 65_536 })
  server.on('upgrade', (request, socket, head) => upgrade.handle(request, socket, head))
  const open = new Set<Socket>()
  server.on(scheme === 'wss' ? 'secureConnection' : 'connection', (socket: Socket) => open.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const clients: WebSocket[] = []
  return {
    async open(handler) {
      handlers.push(handler)
      const webSocket = new WebSocket(url, SUBPROTOCOL, { rejectUnauthorized: false })
      clients.push(webSocket)
      const heard: string[] = []
      let end: { code: number; reason: string } | undefined
      webSocket.on('message', (data: Buffer) => heard.push(data.toString()))
      webSocket.on('close', (code, reason) => (end = { code, reason: reason.toString() }))
      webSocket.on('error', () => undefined)
      await once(webSocket, 'open')
      const peer = {
        heard,
        get end() {
          return end
        },
        say: (text: string) => webSocket.send(text),
        close: (code: number, reason: string) => webSocket.close(code, reason),
        stall: () => webSocket.pause(),
        resume: () => webSocket.resume(),
        ping: () => webSocket.ping(),
        sayBinary: () => webSocket.send(Buffer.from([1, 2])),
      }
      return { transport: transports.at(-1) as Transport, peer }
    },
    eventually: (condition) => until('what was waited for', condition),
    quiet: () => new Promise((resolve) => setTimeout(resolve, 20)),
    dispose() {
      for (const client of clients) client.terminate()
      for (const socket of open) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

const framework = { describe, expect, test }

transportContract(framework, 'over ws', () => sockets(createServer(), 'ws'))
transportContract(framework, 'over wss', () =>
  sockets(createSecureServer({ key: TLS_KEY, cert: TLS_CERTIFICATE }), 'wss'),
)
