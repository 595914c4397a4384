import type { LinkEvents } from '@org/realtime-client'
import { utf8Bytes } from '@org/realtime-protocol'
import type { EncodedFrame, Transport, TransportHandler } from '@org/realtime-server'
import { Lane } from './lane.js'
import type { Process } from './process.js'
import type { VirtualTime } from './virtual-time.js'

/** What a wire is like. */
export interface WireQuality {
  /** One way. */
  readonly latencyMs: number
  readonly bytesPerMs: number
}

/** How a wire breaks. */
export type Break =
  /** Both ends hear of it, and what was under way is lost. */
  | 'reset'
  /** Nobody hears of it: packets vanish. */
  | 'half-open'
  /** The client hears of it at once; what it had sent still arrives, late, and so does the news on the server. */
  | 'linger'

/** Time after which a side that asked to close gives up on the other one. */
const CLOSE_TIMEOUT_MS = 30_000
const LINGER_MS = 1_500

/** One link between a client and a server: two lanes of texts, and the ways in which they end. */
export class Wire implements Transport {
  /** Texts on their way to the client. */
  readonly down: Lane
  /** Texts on their way to the server. */
  readonly up: Lane
  receivedBytes = 0
  /** Most bytes that ever waited for the client. */
  peakBytes = 0
  /** Called once when the server has let go of the link or lost it. */
  onServerEnd: () => void = () => undefined
  /** Sees every text the server sends. */
  onServerText: (text: string) => void = () => undefined

  private handler: TransportHandler | undefined
  private clientOpen = true
  private serverOpen = true
  private serverClosing = false

  constructor(
    readonly peer: string,
    private readonly time: VirtualTime,
    private readonly client: Process,
    private readonly server: Process,
    private readonly quality: WireQuality,
    private readonly events: LinkEvents,
  ) {
    const { latencyMs, bytesPerMs } = quality
    this.down = new Lane(time, latencyMs, bytesPerMs, () => this.server.run(() => this.handler?.drained()))
    this.up = new Lane(time, latencyMs, bytesPerMs, () => undefined)
  }

  /** The handshake has arrived at the server, which has its handler; the client hears of it a little later. */
  open(handler: TransportHandler): void {
    this.handler = handler
    this.down.send(0, () => this.client.run(() => this.clientOpen && this.events.opened()))
  }

  /** No server answered. */
  refuse(): void {
    this.endServer(1006)
    this.time.after(this.quality.latencyMs, () => this.endClient(1006, ''))
  }

  // --- The server's end ---

  write(frames: readonly EncodedFrame[]): void {
    if (!this.serverOpen || this.serverClosing) return
    for (const { text, bytes } of frames) {
      this.onServerText(text)
      this.down.send(bytes, () => this.client.run(() => this.clientOpen && this.events.message(text)))
    }
    this.peakBytes = Math.max(this.peakBytes, this.bufferedBytes)
  }

  close(code: number, reason: string): void {
    if (!this.serverOpen || this.serverClosing) return
    this.serverClosing = true
    this.onServerEnd()
    this.down.send(4, () => this.client.run(() => this.endClient(code, reason)))
    this.time.after(CLOSE_TIMEOUT_MS, () => this.break('reset'))
  }

  ping(): void {
    // Only plain links are pinged below the protocol.
  }

  terminate(): void {
    this.break('reset')
  }

  get bufferedBytes(): number {
    return this.down.bufferedBytes
  }

  // --- The client's end ---

  sendUp(text: string): void {
    const bytes = utf8Bytes(text)
    this.up.send(bytes, () =>
      this.server.run(() => {
        if (!this.serverOpen || this.serverClosing) return
        this.receivedBytes += bytes
        this.handler?.receive(text)
      }),
    )
  }

  closeUp(code: number, reason: string): void {
    this.up.send(4, () =>
      this.server.run(() => {
        this.endServer(code, reason)
        this.time.after(this.quality.latencyMs, () => this.endClient(code, reason))
      }),
    )
    this.time.after(CLOSE_TIMEOUT_MS, () => this.break('reset'))
  }

  // --- Faults ---

  /** Whether both ends still believe in the link. */
  get isWhole(): boolean {
    return this.clientOpen && this.serverOpen && !this.serverClosing
  }

  break(how: Break): void {
    if (!this.clientOpen && !this.serverOpen) return
    this.down.cut()
    if (how === 'half-open') return this.up.cut()
    if (how === 'linger') {
      this.up.delay(LINGER_MS)
      this.time.after(1, () => this.loseClient(1006, ''))
      this.time.after(3 * LINGER_MS, () => this.endServer(1006))
      return
    }
    this.up.cut()
    this.time.after(1, () => this.endClient(1006, ''))
    this.time.after(this.quality.latencyMs, () => this.endServer(1006))
  }

  /** The client lets go, and the server hears of it. */
  private endClient(code: number, reason: string): void {
    if (this.clientOpen) this.time.after(this.quality.latencyMs, () => this.endServer(code, reason))
    this.loseClient(code, reason)
  }

  /** The client has lost the link. */
  private loseClient(code: number, reason: string): void {
    if (!this.clientOpen) return
    this.clientOpen = false
    this.down.cut()
    this.client.run(() => this.events.closed(code, reason))
  }

  private endServer(code: number, reason = ''): void {
    if (!this.serverOpen) return
    this.serverOpen = false
    if (!this.serverClosing) this.onServerEnd()
    this.up.cut()
    this.server.run(() => this.handler?.closed(code, reason))
  }
}
