import type { EncodedFrame, Handshake, RealtimeServer, Transport, TransportHandler } from '@org/realtime-server'
import type { VirtualTime } from '../sim/virtual-time.js'

/** A peer of a server that says whatever it is told to, and listens to nothing. */
export class Attacker implements Transport {
  bufferedBytes = 0
  receivedBytes = 0
  readonly peer: string
  /** How the server ended the link. */
  end: { readonly code: number; readonly reason: string } | undefined
  /** How many texts it was sent. */
  answers = 0
  /** Sees what it was sent. */
  heard: (text: string) => void = () => undefined
  private readonly handler: TransportHandler

  constructor(
    private readonly time: VirtualTime,
    server: RealtimeServer,
    name: number,
    handshake: Partial<Handshake> = {},
  ) {
    this.peer = `10.${(name >> 16) & 255}.${(name >> 8) & 255}.${name & 255}`
    this.handler = server.accept(this, { url: '/', headers: {}, remoteAddress: this.peer, ...handshake })
  }

  write(frames: readonly EncodedFrame[]): void {
    if (this.end) throw new Error('the server wrote to a link that it had closed')
    this.answers += frames.length
    for (const { text } of frames) this.heard(text)
  }

  close(code: number, reason: string): void {
    if (this.end) return
    this.end = { code, reason }
    this.time.after(1, () => this.handler.closed(code, reason))
  }

  terminate(): void {
    this.close(1006, '')
  }

  ping(): void {
    throw new Error('a client of the protocol was pinged below it')
  }

  say(text: string): void {
    if (this.end) return
    this.receivedBytes += text.length
    this.handler.receive(text)
  }
}
