import { clientCodec, isProtocolError, type ClientFrame, type ServerFrame } from '@org/realtime-protocol'
import type { EncodedFrame, RealtimeServer, Transport } from '@org/realtime-server'

type Handler = ReturnType<RealtimeServer['accept']>

const HANDSHAKE = { url: '/realtime', headers: {}, remoteAddress: '127.0.0.1' }

/**
 * A link without a socket, and a client that says what a test has it say: thousands of them are cheap. What the server
 * writes is heard at once.
 */
export class Peer implements Transport {
  readonly heard: ServerFrame[] = []
  readonly bufferedBytes = 0
  receivedBytes = 0
  readonly peer = '127.0.0.1'
  private readonly handler: Handler
  private waiting: Array<() => void> = []

  constructor(
    server: RealtimeServer,
    private readonly name: string,
  ) {
    this.handler = server.accept(this, HANDSHAKE)
  }

  write(frames: readonly EncodedFrame[]): void {
    for (const { text } of frames) {
      const frame = clientCodec.decode(text)
      if (isProtocolError(frame)) throw new Error(`the server said what is no frame: ${text}`)
      this.heard.push(frame)
    }
    for (const wake of this.waiting.splice(0)) wake()
  }

  close(code: number, reason: string): void {
    setImmediate(() => this.handler.closed(code, reason))
  }

  ping(): void {
    // Only plain links are pinged below the protocol.
  }

  terminate(): void {
    this.close(1006, '')
  }

  /** Cuts the link, as a network does. */
  async cut(): Promise<void> {
    this.terminate()
    await new Promise(setImmediate)
  }

  /** Sends a frame. */
  tell(frame: ClientFrame): void {
    const text = clientCodec.encode(frame)
    this.receivedBytes += text.length
    this.handler.receive(text)
  }

  /** Connects as the user of its name. */
  async connect(): Promise<void> {
    this.tell({ type: 'connect', producer: this.name.padEnd(22, '-'), token: this.name })
    await this.has('connected', 1)
  }

  /** Resolves when so many frames of a type were heard. */
  async has(type: ServerFrame['type'], count: number): Promise<void> {
    while (this.all(type).length < count) await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  /** All frames of a type that were heard. */
  all<T extends ServerFrame['type']>(type: T): Array<Extract<ServerFrame, { type: T }>> {
    return this.heard.filter((frame): frame is Extract<ServerFrame, { type: T }> => frame.type === type)
  }
}
