import { utf8Bytes } from '@org/realtime-protocol'
import type { Clock, EncodedFrame, Transport, TransportHandler } from '../ports/index.js'
import type { ClientLink, ClientLinkEvents } from './client-transport.js'
import { Lane } from './lane.js'

/** Which way something travels. */
export type Direction = 'to-client' | 'to-server'

/** How a link ends that nobody closed. */
const LOST = 1006

/** One link in memory, both ends of it. */
export class PairLink implements Transport {
  receivedBytes = 0
  /** The client's end. */
  readonly client: ClientLink
  private readonly down: Lane
  private readonly up: Lane
  private handler: TransportHandler | undefined
  private isClientOver = false
  private isServerOver = false
  private isClosing = false

  constructor(
    private readonly clock: Clock,
    latencyMs: number,
    readonly peer: string,
    private readonly events: ClientLinkEvents,
  ) {
    const up = new Lane(clock, latencyMs)
    this.up = up
    this.down = new Lane(clock, latencyMs, () => this.handler?.drained())
    this.client = {
      send: (text) => this.sendUp(text),
      close: (code, reason) => this.closeUp(code, reason),
      get bufferedBytes() {
        return up.bufferedBytes
      },
    }
  }

  /** Brings the request for this link to the server, and its answer back. */
  open(accept: (link: PairLink) => TransportHandler): void {
    this.up.carry(0, () => {
      this.down.carry(0, () => {
        if (!this.isClientOver) this.events.opened()
      })
      this.handler = accept(this)
    })
  }

  /** Ends before it has begun. */
  refuse(code: number, reason: string): void {
    this.isServerOver = true
    this.up.cut()
    this.clock.soon(() => this.endClient(code, reason))
  }

  // --- The server's end ---

  write(frames: readonly EncodedFrame[]): void {
    if (this.isServerOver || this.isClosing) return
    for (const { text, bytes } of frames) {
      this.down.carry(bytes, () => {
        if (!this.isClientOver) this.events.message(text)
      })
    }
  }

  close(code: number, reason: string): void {
    if (this.isServerOver || this.isClosing) return
    this.isClosing = true
    this.down.carry(0, () => {
      this.endClient(code, reason)
      // The client's answer to the close.
      this.up.carry(0, () => this.endServer(code, reason))
    })
  }

  ping(): void {
    // Only plain links are pinged below the protocol.
  }

  terminate(): void {
    this.cut()
  }

  get bufferedBytes(): number {
    return this.down.bufferedBytes
  }

  // --- What happens to it ---

  /** Breaks. What was under way is lost, and both ends hear of it. */
  cut(): void {
    this.down.cut()
    this.up.cut()
    this.clock.soon(() => {
      this.endClient(LOST, '')
      this.endServer(LOST, '')
    })
  }

  /** Nothing comes through, and nobody hears of it. */
  stall(direction: Direction): void {
    this.lane(direction).stall()
  }

  /** What was held up comes through. */
  resume(direction: Direction): void {
    this.lane(direction).resume()
  }

  private lane(direction: Direction): Lane {
    return direction === 'to-client' ? this.down : this.up
  }

  private sendUp(text: string): void {
    if (this.isClientOver) return
    const bytes = utf8Bytes(text)
    this.up.carry(bytes, () => {
      if (this.isServerOver || this.isClosing) return
      this.receivedBytes += bytes
      this.handler?.receive(text)
    })
  }

  private closeUp(code: number, reason: string): void {
    this.up.carry(0, () => {
      this.endServer(code, reason)
      this.down.carry(0, () => this.endClient(code, reason))
    })
  }

  private endClient(code: number, reason: string): void {
    if (this.isClientOver) return
    this.isClientOver = true
    this.events.closed(code, reason)
  }

  private endServer(code: number, reason: string): void {
    if (this.isServerOver) return
    this.isServerOver = true
    this.handler?.closed(code, reason)
  }
}
