import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { DEFAULT_LIMITS, negotiate, SUBPROTOCOL } from '@org/realtime-protocol'
import { WebSocketServer } from 'ws'
import type { Handshake, Transport, TransportHandler } from '../ports/index.js'
import { FrameJoiner } from './framing.js'
import { WsTransport } from './ws-transport.js'

/** Gives a new link to the engine. */
export type Accept = (transport: Transport, handshake: Handshake) => TransportHandler

/** Bounds on what a peer can make `ws` hold. Set one by one: its defaults are far wider. */
const WS_BOUNDS = { maxFragments: 64, maxBufferedChunks: 1_024, maxPendingAutoPongs: 8 }

/** Turns HTTP upgrade requests into links. */
export class Upgrade {
  private readonly webSockets: WebSocketServer
  private readonly joiner = new FrameJoiner()

  constructor(
    private readonly accept: Accept,
    messageBytes: number,
  ) {
    this.webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // The writer frames messages itself, once for all; compression would need a frame for each link.
      perMessageDeflate: false,
      // A `connect` frame may be this long whatever the limit is; after it the engine judges what is shorter.
      maxPayload: Math.max(messageBytes, DEFAULT_LIMITS.messageBytes),
      handleProtocols: (offered) => negotiate(offered) ?? false,
      ...WS_BOUNDS,
    })
  }

  /** Completes the handshake, or refuses it with a sentence that says what to do. */
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const offered = request.headers['sec-websocket-protocol'] ?? ''
    if (!negotiate(offered.split(',').map((name) => name.trim()))) {
      return refuse(
        socket,
        400,
        `this address speaks the WebSocket subprotocol ${SUBPROTOCOL}; the request offered none it knows`,
      )
    }
    this.webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const transport = new WsTransport(webSocket, socket, this.joiner)
      transport.listen(this.accept(transport, handshakeOf(request)))
    })
  }

  /** Refuses a handshake because this server is closing. */
  refuseClosing(socket: Duplex): void {
    refuse(socket, 503, 'this server is closing')
  }
}

/** Path of an upgrade request, without the query. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? ''
}

function handshakeOf({ url, headers, socket }: IncomingMessage): Handshake {
  return { url: url ?? '', headers, remoteAddress: socket.remoteAddress ?? '' }
}

function refuse(socket: Duplex, status: 400 | 503, sentence: string): void {
  const reason = status === 400 ? 'Bad Request' : 'Service Unavailable'
  socket.on('error', () => undefined)
  // The sockets of an HTTP server stay half open: without this, a peer that does not end its side keeps it for ever.
  socket.once('finish', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(sentence)}\r\n\r\n${sentence}`,
  )
}
