import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket, type RawData } from 'ws'
import type { EncodedFrame, Transport, TransportHandler } from '../ports/index.js'
import type { FrameJoiner } from './framing.js'

/** A WebSocket that knows whose link it is, so that ten thousand of them share four listeners. */
export class LinkSocket extends WebSocket {
  /** Hears what happens, once somebody listens. */
  handler: TransportHandler | undefined
}

/**
 * A WebSocket of `ws` as a link. Frames are framed here and written to the socket directly, all frames of a turn in one
 * write; `ws` reads, answers pings and closes. On a stream that is not a socket, `ws` writes too.
 */
export class WsTransport implements Transport {
  private readonly socket: Socket | undefined
  private streamBytes = 0
  /** Whether a write has left something in the buffer. */
  private isBehind = false

  constructor(
    private readonly webSocket: LinkSocket,
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
    this.webSocket.handler = handler
    this.webSocket.on('message', heard).on('ping', pinged).on('close', closed).on('error', failed)
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
    this.webSocket.handler?.drained()
  }
}

function heard(this: WebSocket, data: RawData, isBinary: boolean): void {
  const { handler } = this as LinkSocket
  if (isBinary) handler?.violated('a text message')
  else handler?.receive((data as Buffer).toString('utf8'))
}

function pinged(this: WebSocket): void {
  ;(this as LinkSocket).handler?.pinged()
}

function closed(this: WebSocket, code: number, reason: Buffer): void {
  ;(this as LinkSocket).handler?.closed(code, reason.toString('utf8'))
}

/** An error is followed by `close`, which carries the code. Without a listener it would end the process. */
function failed(): void {
  // Nothing to do.
}
