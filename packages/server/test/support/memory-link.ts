import {
  clientCodec,
  isProtocolError,
  type ClientFrame,
  type ConnectFrame,
  type PublishFrame,
  type ServerFrame,
  type SubscribeRequest,
} from '@org/realtime-protocol'
import { expect } from 'vitest'
import type { EncodedFrame, Handshake, Transport, TransportHandler } from '../../src/index.js'
import type { VirtualClock } from '../../src/testing/index.js'

/** Something that takes links: a server or its engine. */
export interface Acceptor {
  accept(transport: Transport, handshake: Handshake): TransportHandler
}

/** The frames of one type. */
export type FrameOf<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>

const HANDSHAKE: Handshake = { url: '/realtime', headers: { cookie: 'a=b' }, remoteAddress: '192.0.2.1' }
export const PRODUCER = 'a-producer-of-22-chars'

/**
 * A link in memory and the client at its other end, who says what a test has it say. Every frame goes through the real
 * codecs. What the server writes is heard at once, unless the peer is stalled: then it stays in the transport.
 */
export class MemoryLink implements Transport {
  /** What was heard, in order. */
  readonly heard: ServerFrame[] = []
  /** The calls of `write`, each with how many frames it carried. */
  readonly writes: number[] = []
  bufferedBytes = 0
  receivedBytes = 0
  readonly peer = '192.0.2.1'
  /** How the link ended, as the client sees it. */
  end: { readonly code: number; readonly reason: string } | undefined

  private readonly handler: TransportHandler
  private readonly stalled: EncodedFrame[] = []
  private isStalled = false
  private ref = 0
  private taken = 0

  constructor(
    private readonly clock: VirtualClock,
    server: Acceptor,
    handshake: Handshake = HANDSHAKE,
  ) {
    this.handler = server.accept(this, handshake)
  }

  /** Pings below the protocol. */
  pinged(): void {
    this.handler.pinged()
  }

  // --- The transport, as the server sees it ---

  write(frames: readonly EncodedFrame[]): void {
    if (this.end) throw new Error('the engine wrote to a link that it had closed')
    this.writes.push(frames.length)
    for (const frame of frames) {
      expect(frame.bytes).toBe(Buffer.byteLength(frame.text))
      if (this.isStalled) {
        this.stalled.push(frame)
        this.bufferedBytes += frame.bytes
      } else this.hear(frame.text)
    }
  }

  close(code: number, reason: string): void {
    if (this.end) return
    this.end = { code, reason }
    this.clock.soon(() => this.handler.closed(code, reason))
  }

  ping(): void {
    // Only plain links are pinged below the protocol.
  }

  terminate(): void {
    this.close(1006, '')
  }

  // --- The client ---

  /** Sends a frame. */
  async say(frame: ClientFrame): Promise<void> {
    this.tell(frame)
    await this.clock.settle()
  }

  /** Sends a frame without waiting for what it causes. */
  tell(frame: ClientFrame): void {
    this.tellText(clientCodec.encode(frame))
  }

  /** Sends whatever text. */
  tellText(text: string): void {
    this.receivedBytes += Buffer.byteLength(text)
    this.handler.receive(text)
  }

  /** Sends whatever text and waits for what it causes. */
  async sayText(text: string): Promise<void> {
    this.tellText(text)
    await this.clock.settle()
  }

  /** Sends a binary message. */
  async sayBinary(): Promise<void> {
    this.receivedBytes += 1
    this.handler.violated('a text message')
    await this.clock.settle()
  }

  /** Some bytes of a message arrive, which is not whole yet. */
  trickle(bytes = 1): void {
    this.receivedBytes += bytes
  }

  /** Cuts the link, as a network does. */
  async cut(): Promise<void> {
    this.close(1006, '')
    await this.clock.settle()
  }

  async connect(fields: Partial<Omit<ConnectFrame, 'type'>> = {}): Promise<FrameOf<'connected'>> {
    await this.say({ type: 'connect', producer: PRODUCER, ...fields })
    return this.only('connected')
  }

  async subscribe(request: SubscribeRequest): Promise<void> {
    await this.say({ type: 'subscribe', ...request })
  }

  /** Publishes, and gives the answer. */
  async publish(
    channel: string,
    data: unknown,
    fields: Partial<Omit<PublishFrame, 'type'>> = {},
  ): Promise<ServerFrame> {
    const frame: PublishFrame = { type: 'publish', ref: ++this.ref, channel, id: `m${this.ref}`, data, ...fields }
    await this.say(frame)
    return this.answer(frame.ref)
  }

  /** The answer to a request. */
  answer(ref: number): ServerFrame {
    const answers = this.heard.filter(
      (frame) => (frame.type === 'reply' || frame.type === 'error') && frame.ref === ref,
    )
    expect(answers).toHaveLength(1)
    return answers[0] as ServerFrame
  }

  /** What was heard since the last time. */
  take(): ServerFrame[] {
    const frames = this.heard.slice(this.taken)
    this.taken = this.heard.length
    return frames
  }

  /** All frames of a type that were heard. */
  all<T extends ServerFrame['type']>(type: T): Array<FrameOf<T>> {
    return this.heard.filter((frame): frame is FrameOf<T> => frame.type === type)
  }

  /** The one frame of a type that was heard. */
  only<T extends ServerFrame['type']>(type: T): FrameOf<T> {
    const frames = this.all(type)
    expect(frames.map((frame) => frame.type)).toEqual([type])
    return frames[0] as FrameOf<T>
  }

  /** Offsets of the publications heard. */
  offsets(): number[] {
    return this.all('publication').map(({ offset }) => offset)
  }

  /** Stops reading: what the server writes stays in the transport. */
  stall(): void {
    this.isStalled = true
  }

  /** Reads again, up to the first so many frames. */
  async resume(): Promise<void> {
    this.isStalled = false
    for (const { text } of this.stalled.splice(0)) this.hear(text)
    if (this.bufferedBytes > 0) {
      this.bufferedBytes = 0
      this.handler.drained()
    }
    await this.clock.settle()
  }

  private hear(text: string): void {
    const frame = clientCodec.decode(text)
    if (isProtocolError(frame)) throw new Error(`the server said what is no frame: ${text}`)
    this.heard.push(frame)
  }
}
