import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { DEFAULT_LIMITS, negotiate, SUBPROTOCOL } from '@org/realtime-protocol'
import { WebSocketServer } from 'ws'
import { plainAddress } from '../core/address.js'
import type { Handshake, Transport, TransportHandler } from '../ports/index.js'
import { FrameJoiner } from './framing.js'
import { refuse } from './refuse.js'
import { WsTransport } from './ws-transport.js'

/** Takes new links, or says why not. */
export interface Gate {
  /** Why a link from an address would not be taken now, if so. */
  refusal(address: string): { readonly limit: string; readonly retryAfterMs: number } | undefined
  /** Takes a link. */
  accept(transport: Transport, handshake: Handshake): TransportHandler
}

/** Bounds on what a peer can make `ws` hold, and for how long. Set one by one: its defaults are far wider. */
const WS_BOUNDS = { maxFragments: 64, maxBufferedChunks: 1_024, maxPendingAutoPongs: 8, closeTimeout: 5_000 }

/** Turns HTTP upgrade requests into links. */
export class Upgrade {
  private readonly webSockets: WebSocketServer
  private readonly joiner = new FrameJoiner()

  constructor(
    private readonly gate: Gate,
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
    const handshake = handshakeOf(request)
    const refusal = this.gate.refusal(handshake.remoteAddress)
    if (refusal) return refuseCrowd(socket, refusal)
    const offered = request.headers['sec-websocket-protocol'] ?? ''
    if (!negotiate(offered.split(',').map((name) => name.trim()))) {
      return refuse(
        socket,
        400,
        `this address speaks the WebSocket subprotocol ${SUBPROTOCOL}; the request offered none it knows`,
      )
    }
    this.webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const transport = new WsTransport(webSocket, socket, this.joiner, handshake.remoteAddress)
      transport.listen(this.gate.accept(transport, handshake))
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
  return { url: url ?? '', headers, remoteAddress: plainAddress(socket.remoteAddress ?? '') }
}

/** One address too many is the fault of whoever asks; a full server is not. */
function refuseCrowd(socket: Duplex, { limit, retryAfterMs }: { limit: string; retryAfterMs: number }): void {
  const retry = { 'Retry-After': String(Math.ceil(retryAfterMs / 1_000)) }
  if (limit === 'connectionsPerAddress') refuse(socket, 429, 'too many connections from this address', retry)
  else refuse(socket, 503, 'this server holds as many connections as it may', retry)
}
