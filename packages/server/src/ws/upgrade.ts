import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { DEFAULT_LIMITS, negotiate, SUBPROTOCOL } from '@org/realtime-protocol'
import { WebSocketServer, type Server } from 'ws'
import type { Handshake, LogFields, Transport, TransportHandler } from '../ports/index.js'
import { FrameJoiner } from './framing.js'
import { OriginCheck, type Origins } from './origins.js'
import { refuse } from './refuse.js'
import { ProxyTrust, type TrustedProxies } from './trusted-proxies.js'
import { LinkSocket, WsTransport } from './ws-transport.js'

/** Takes new links, or says why not. */
export interface Gate {
  /** Why a link from an address would not be taken now, if so. */
  refusal(address: string): { readonly limit: string; readonly retryAfterMs: number } | undefined
  /** Takes a link. */
  accept(transport: Transport, handshake: Handshake): TransportHandler
  /** Whether links without our subprotocol are taken. */
  readonly takesPlain: boolean
  /** Takes a link without our subprotocol. */
  acceptPlain(transport: Transport, handshake: Handshake): TransportHandler
}

/** Hears who was turned away by what the gate does not know. */
export interface Doorkeeper {
  /** Somebody was turned away by a bound. */
  limited(limit: 'origins', fields: LogFields): void
  /** Tells the operator, once a minute for each message. */
  warn(message: string, fields: LogFields): void
}

/** What handshakes are judged by. */
export interface UpgradeOptions {
  /** Longest inbound message. */
  readonly messageBytes: number
  /** Origins whose pages may connect. */
  readonly origins?: Origins | undefined
  /** Proxies that are believed. */
  readonly trustedProxies?: TrustedProxies | undefined
}

/** Bounds on what a peer can make `ws` hold, and for how long. Set one by one: its defaults are far wider. */
const WS_BOUNDS = { maxFragments: 64, maxBufferedChunks: 1_024, maxPendingAutoPongs: 8, closeTimeout: 5_000 }

/** What an operator has to know whose users all seem to have one address. */
const PROXY_HINT =
  'connections are refused because too many come from one address that says it forwards for others: ' +
  'if it is your proxy, name it in the option trustedProxies'

/** Turns HTTP upgrade requests into links. */
export class Upgrade {
  private readonly webSockets: Server<typeof LinkSocket>
  private readonly joiner = new FrameJoiner()
  private readonly proxies: ProxyTrust
  private readonly origins: OriginCheck

  constructor(
    private readonly gate: Gate,
    private readonly keeper: Doorkeeper,
    { messageBytes, origins, trustedProxies }: UpgradeOptions,
  ) {
    this.proxies = new ProxyTrust(trustedProxies)
    this.origins = new OriginCheck(origins)
    this.webSockets = new WebSocketServer({
      noServer: true,
      WebSocket: LinkSocket,
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
    const { url = '', headers } = request
    const handshake: Handshake = { url, headers, remoteAddress: this.proxies.addressOf(request) }
    const crowded = this.gate.refusal(handshake.remoteAddress)
    if (crowded) {
      if (crowded.limit === 'connectionsPerAddress' && this.proxies.isIgnored(request)) {
        this.keeper.warn(PROXY_HINT, { peer: handshake.remoteAddress })
      }
      return refuseCrowd(socket, crowded)
    }
    const foreign = this.foreign(request, handshake)
    if (foreign) return refuse(socket, 403, foreign)
    const offered = headers['sec-websocket-protocol']
    const isPlain = offered === undefined && this.gate.takesPlain
    if (!isPlain && !negotiate((offered ?? '').split(',').map((name) => name.trim()))) {
      return refuse(
        socket,
        400,
        `this address speaks the WebSocket subprotocol ${SUBPROTOCOL}; the request offered none it knows`,
      )
    }
    this.webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const transport = new WsTransport(webSocket, socket, this.joiner, handshake.remoteAddress)
      transport.listen(isPlain ? this.gate.acceptPlain(transport, handshake) : this.gate.accept(transport, handshake))
    })
  }

  /** Refuses a handshake because nobody serves what it asks for. */
  refuseStray(socket: Duplex): void {
    refuse(socket, 404, 'no WebSocket is served at this address')
  }

  /** Refuses a handshake because this server is closing. */
  refuseClosing(socket: Duplex): void {
    refuse(socket, 503, 'this server is closing')
  }

  /** Why a page may not connect. A rule that throws is a no. */
  private foreign(request: IncomingMessage, handshake: Handshake): string | undefined {
    const { origin } = request.headers
    const details = { origin: origin?.slice(0, 256), peer: handshake.remoteAddress }
    try {
      const refusal = this.origins.refusal(request, this.proxies.hostOf(request), handshake)
      if (!refusal) return undefined
      this.keeper.warn('an origin was refused', { ...details, refusal })
      this.keeper.limited('origins', details)
      return refusal
    } catch (error) {
      this.keeper.limited('origins', details)
      this.keeper.warn('the origins rule failed', { ...details, error })
      return 'the server cannot judge the origin of this page'
    }
  }
}

/** Path of an upgrade request, without the query. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? ''
}

/** One address too many is the fault of whoever asks; a full server is not. */
function refuseCrowd(socket: Duplex, { limit, retryAfterMs }: { limit: string; retryAfterMs: number }): void {
  const retry = { 'Retry-After': String(Math.ceil(retryAfterMs / 1_000)) }
  if (limit === 'connectionsPerAddress') refuse(socket, 429, 'too many connections from this address', retry)
  else refuse(socket, 503, 'this server holds as many connections as it may', retry)
}
