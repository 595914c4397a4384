import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { clientCodec, isProtocolError, SUBPROTOCOL, type ClientFrame, type ServerFrame } from '@org/realtime-protocol'
import { onTestFinished } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { PRODUCER } from './memory-link.js'

const DEADLINE_MS = 8_000

/** Waits for something, but not for ever. */
export async function within<T>(what: string, promise: Promise<T>, ms = DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits until a condition holds, for what has no event. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const start = Date.now()
  while (!condition()) {
    if (Date.now() - start > DEADLINE_MS) throw new Error(`${what} did not happen within ${DEADLINE_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** An HTTP server on a port of its own, closed when the test ends. */
export async function listening(server: Server = createServer()): Promise<{ server: Server; port: number }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { server, port: (server.address() as AddressInfo).port }
}

/** A client over a real socket. */
export class SocketClient {
  readonly frames: ServerFrame[] = []
  readonly ended: Promise<{ code: number; reason: string }>
  private seen = 0
  private notify = (): void => undefined

  constructor(readonly webSocket: WebSocket) {
    webSocket.on('message', (data: Buffer) => {
      const frame = clientCodec.decode(data.toString())
      if (isProtocolError(frame)) throw new Error(`no frame: ${data.toString()}`)
      this.frames.push(frame)
      this.notify()
    })
    webSocket.on('error', () => undefined)
    this.ended = new Promise((resolve) => {
      webSocket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    })
  }

  /** Dials; the socket is closed when the test ends. */
  static async dial(url: string, options: ClientOptions = {}): Promise<SocketClient> {
    const webSocket = new WebSocket(url, SUBPROTOCOL, options)
    onTestFinished(() => webSocket.terminate())
    const client = new SocketClient(webSocket)
    await within('open', once(webSocket, 'open'))
    return client
  }

  /** Dials and connects. */
  static async connected(url: string, options: ClientOptions = {}): Promise<SocketClient> {
    const client = await SocketClient.dial(url, options)
    client.say({ type: 'connect', producer: PRODUCER })
    await client.next('connected')
    return client
  }

  say(frame: ClientFrame): void {
    this.webSocket.send(clientCodec.encode(frame))
  }

  async subscribe(channel: string): Promise<void> {
    this.say({ type: 'subscribe', channel, generation: 1 })
    await this.next('subscribed')
  }

  /** The next frame of a type, among those not yet looked at. */
  async next<T extends ServerFrame['type']>(type: T): Promise<Extract<ServerFrame, { type: T }>> {
    const find = async (): Promise<Extract<ServerFrame, { type: T }>> => {
      for (;;) {
        while (this.seen < this.frames.length) {
          const frame = this.frames[this.seen++]
          if (frame?.type === type) return frame as Extract<ServerFrame, { type: T }>
        }
        await new Promise<void>((resolve) => (this.notify = resolve))
      }
    }
    return within(type, find())
  }

  offsets(): number[] {
    return this.frames.flatMap((frame) => (frame.type === 'publication' ? [frame.offset] : []))
  }
}

/** Sends a request by hand and gives everything that comes back until the server has ended the socket. */
export async function rawUpgrade(port: number, path: string, headers: Record<string, string> = {}): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  const lines = Object.entries({
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`)
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await within('the end of the answer', once(socket, 'end'))
  return text
}
