import type { EncodedFrame, Handshake, RealtimeServer, Transport, TransportHandler } from '../../src/index.js'
import type { VirtualClock } from '../../src/testing/index.js'

/** A peer that speaks no protocol: what it says and hears is text. */
export class PlainPeer implements Transport {
  /** What was heard, in order. */
  readonly heard: string[] = []
  /** How often it was pinged below the protocol. */
  pings = 0
  bufferedBytes = 0
  receivedBytes = 0
  readonly peer: string
  /** How the link ended, as the peer sees it. */
  end: { readonly code: number; readonly reason: string } | undefined

  private readonly handler: TransportHandler
  private readonly stalled: string[] = []
  private isStalled = false
  private taken = 0

  constructor(
    private readonly clock: VirtualClock,
    server: RealtimeServer,
    handshake: Partial<Handshake> = {},
  ) {
    const whole = { url: '/realtime', headers: {}, remoteAddress: '192.0.2.7', ...handshake }
    this.peer = whole.remoteAddress
    this.handler = server.acceptPlain(this, whole)
  }

  write(frames: readonly EncodedFrame[]): void {
    if (this.end) throw new Error('the engine wrote to a link that it had closed')
    for (const { text, bytes } of frames) {
      if (this.isStalled) {
        this.stalled.push(text)
        this.bufferedBytes += bytes
      } else this.heard.push(text)
    }
  }

  close(code: number, reason: string): void {
    if (this.end) return
    this.end = { code, reason }
    this.clock.soon(() => this.handler.closed(code, reason))
  }

  terminate(): void {
    this.close(1006, '')
  }

  ping(): void {
    this.pings += 1
  }

  /** Says a text and waits for what it causes. */
  async say(text: string): Promise<void> {
    this.tell(text)
    await this.clock.settle()
  }

  /** Says a text. */
  tell(text: string): void {
    this.receivedBytes += text.length
    this.handler.receive(text)
  }

  /** Cuts the link. */
  async cut(): Promise<void> {
    this.close(1006, '')
    await this.clock.settle()
  }

  /** Takes nothing any more. */
  stall(): void {
    this.isStalled = true
  }

  /** Takes everything again. */
  async resume(): Promise<void> {
    this.isStalled = false
    this.heard.push(...this.stalled.splice(0))
    this.bufferedBytes = 0
    this.handler.drained()
    await this.clock.settle()
  }

  /** What was heard since it was last asked. */
  take(): string[] {
    const news = this.heard.slice(this.taken)
    this.taken = this.heard.length
    return news
  }
}
