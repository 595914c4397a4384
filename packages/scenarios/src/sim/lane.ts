import type { VirtualTime } from './virtual-time.js'

interface Parcel {
  readonly bytes: number
  readonly arrive: () => void
}

/** Buffered bytes from which on an empty buffer is worth a word to the sender. */
const HIGH_WATER_BYTES = 1_024
/** Nothing arrives in the moment it was sent. */
const LEAST_LATENCY_MS = 0.1

/** One direction of a wire: a send buffer that empties at the pace of the line, and a delay that keeps the order. */
export class Lane {
  /** Bytes that have not left yet. */
  bufferedBytes = 0
  private readonly queue: Parcel[] = []
  private busy = false
  private stalled = false
  private gone = false
  private high = false
  private lastArrival = 0

  constructor(
    private readonly time: VirtualTime,
    private latencyMs: number,
    private readonly bytesPerMs: number,
    private readonly drained: () => void,
  ) {}

  /** Takes something to be carried to the other end. */
  send(bytes: number, arrive: () => void): void {
    this.queue.push({ bytes, arrive })
    this.bufferedBytes += bytes
    if (this.bufferedBytes >= HIGH_WATER_BYTES) this.high = true
    this.transmit()
  }

  /** The other end does not read for a while. */
  stallFor(durationMs: number): void {
    this.stalled = true
    this.time.after(durationMs, () => {
      this.stalled = false
      this.transmit()
    })
  }

  /** Whatever is carried from now on takes longer. */
  delay(extraMs: number): void {
    this.latencyMs += extraMs
  }

  /** Nothing arrives any more, neither what was sent nor what will be. */
  cut(): void {
    this.gone = true
    this.queue.length = 0
  }

  private transmit(): void {
    const parcel = this.queue[0]
    if (this.busy || this.stalled || this.gone || !parcel) return
    this.busy = true
    this.time.after(parcel.bytes / this.bytesPerMs, () => this.transmitted(parcel))
  }

  private transmitted(parcel: Parcel): void {
    this.busy = false
    if (this.gone) return
    this.queue.shift()
    this.bufferedBytes -= parcel.bytes
    const latency = Math.max(LEAST_LATENCY_MS, this.latencyMs)
    this.lastArrival = Math.max(this.lastArrival, this.time.now + latency)
    this.time.after(this.lastArrival - this.time.now, () => {
      if (!this.gone) parcel.arrive()
    })
    if (this.high && this.bufferedBytes === 0) {
      this.high = false
      this.drained()
    }
    this.transmit()
  }
}
