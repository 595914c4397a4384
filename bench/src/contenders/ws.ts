import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { TOKEN, type Contend, type Message } from './contender.js'

/** A request of a client: an echo when it names no channel, else a message for the others. */
interface Asked {
  readonly ref: number
  readonly data: Message
  readonly channel?: string
}

/** The control: `ws` and `JSON`, nothing else. One text for all, one `send` for each socket. */
export const wsEach: Contend = (http) =>
  control(http, (text) => {
    const bytes = Buffer.from(text)
    return (webSocket) => webSocket.send(bytes, { binary: false })
  })

/** The other control: the frame is made once, and its bytes are written to every socket below `ws`. */
export const wsFramed: Contend = (http) =>
  control(http, (text) => {
    const frame = framed(text)
    return (_, socket) => socket.write(frame)
  })

interface Subscriber {
  readonly webSocket: WebSocket
  readonly socket: Socket
}

type Encode = (text: string) => (webSocket: WebSocket, socket: Socket) => void

function control(http: Server, encode: Encode): ReturnType<Contend> {
  const channels = new Map<string, Set<Subscriber>>()
  const server = new WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: false })

  const publish = (channel: string, message: Message): void => {
    const send = encode(JSON.stringify(message))
    for (const { webSocket, socket } of channels.get(channel) ?? []) send(webSocket, socket)
  }

  server.on('connection', (webSocket: WebSocket, request: IncomingMessage) => {
    const query = new URL(request.url ?? '/', 'ws://localhost').searchParams
    if (query.get('token') !== TOKEN) return webSocket.close(4500)
    const subscriber = { webSocket, socket: request.socket }
    const names = query.get('channels')?.split(',') ?? []
    for (const name of names) {
      const subscribers = channels.get(name) ?? new Set()
      channels.set(name, subscribers.add(subscriber))
    }
    webSocket.on('message', (data: Buffer) => {
      const { ref, data: message, channel } = JSON.parse(data.toString()) as Asked
      if (channel !== undefined) publish(channel, message)
      webSocket.send(JSON.stringify(channel === undefined ? { ref, data: message } : { ref }))
    })
    webSocket.on('error', () => undefined)
    webSocket.on('close', () => {
      for (const name of names) channels.get(name)?.delete(subscriber)
    })
  })
  return { publish }
}

/** A whole, unmasked text frame. RFC 6455 §5.2. */
function framed(text: string): Buffer {
  const payload = Buffer.from(text)
  const header = payload.length < 126 ? Buffer.from([0x81, payload.length]) : Buffer.from([0x81, 126, 0, 0])
  if (payload.length >= 126) header.writeUInt16BE(payload.length, 2)
  return Buffer.concat([header, payload])
}
