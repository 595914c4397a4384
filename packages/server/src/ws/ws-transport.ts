import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { EncodedFrame, Transport, TransportHandler } from '../ports/index.js'
import type { FrameJoiner } from './framing.js'

/**
 * A WebSocket of `ws` as a link. Frames are framed here and written to the socket directly, all frames of a turn in one
 * write; `ws` reads, answers pings and closes. On a stream that is not a socket, `ws` writes too.
 */
export class WsTransport implements Transport {
  private readonly socket: Socket | undefined
  private streamBytes = 0
  /** Whether a write has left something in the buffer. */
  private isBehind = false
  private handler: TransportHandler | undefined

  constructor(
    private readonly webSocket: WebSocket,
    stream: Duplex,
    private readonly joiner: FrameJoiner,
    readonly peer: string,
  ) {
    if (stream instanceof Socket) this.socket = stream
    // A stream does not count what it has read.
    else stream.on('data', (chunk: Uint8Array) => (this.streamBytes += chunk.byteLength))
  }

  /** Lets the engine hear what happens on the link. */
  listen(handler: TransportHandler): void {
    const { webSocket } = this
    this.handler = handler
    webSocket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) handler.violated('a text message')
      else handler.receive(data.toString('utf8'))
    })
    webSocket.on('close', (code, reason) => handler.closed(code, reason.toString('utf8')))
    // An error is followed by `close`, which carries the code. Without a listener it would end the process.
    webSocket.on('error', () => undefined)
  }

  write(frames: readonly EncodedFrame[]): void {
    if (this.webSocket.readyState !== this.webSocket.OPEN) return
    if (this.socket) this.socket.write(this.joiner.join(frames), this.written)
    else for (const { text } of frames) this.webSocket.send(text, this.written)
    if (this.bufferedBytes > 0) this.isBehind = true
  }

  close(code: number, reason: string): void {
    this.webSocket.close(code, reason)
  }

  ping(): void {
    if (this.webSocket.readyState === this.webSocket.OPEN) this.webSocket.ping()
  }

  terminate(): void {
    this.webSocket.terminate()
  }

  get bufferedBytes(): number {
    return this.socket ? this.socket.writableLength : this.webSocket.bufferedAmount
  }

  get receivedBytes(): number {
    return this.socket?.bytesRead ?? this.streamBytes
  }

  /** Not the `drain` of a socket: that comes only when more waited than its own limit, which can be above the engine's. */
  private readonly written = (): void => {
    if (!this.isBehind || this.bufferedBytes > 0) return
    this.isBehind = false
    this.handler?.drained()
  }
}
