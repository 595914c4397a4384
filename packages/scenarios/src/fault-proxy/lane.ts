import type { Socket } from 'node:net'
import { FAIR, type Weather } from './weather.js'

/** Bytes that a lane holds before it lets its source wait, as a network with full buffers does. */
const BUFFER_BYTES = 65_536
/** Shortest time that a lane of limited bandwidth waits between two pieces. */
const TICK_MS = 10

interface Piece {
  readonly bytes: Buffer
  /** When it may be there. */
  readonly dueAt: number
}

/** Carries bytes from one socket to another, in order, through some weather. */
export class Lane {
  /** Bytes that were lost here, that had to wait until it was over, and that were let through late. */
  readonly harmed = { lost: 0, held: 0, late: 0 }
  private readonly pieces: Piece[] = []
  private queuedBytes = 0
  private weather: Weather = { ...FAIR }
  private timer: NodeJS.Timeout | undefined
  private hasEnded = false
  private hasHole = false
  private isOver = false
  private readyAt = 0

  /** @param heard is told of every piece that comes in, whatever becomes of it. */
  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly heard: (bytes: Buffer) => void,
  ) {
    from.on('data', (bytes: Buffer) => this.take(bytes))
    from.on('end', () => {
      this.hasEnded = true
      if (this.weather.lost) this.hasHole = true
      this.flow()
    })
    to.on('drain', () => this.flow())
  }

  /** Whether this lane tells nobody that its source is gone. */
  get isSilent(): boolean {
    return this.weather.held || this.weather.lost
  }

  /** Bytes that were lost stay lost, and so does all that follows: no TCP stream goes on behind a hole. */
  change(weather: Partial<Weather>): void {
    Object.assign(this.weather, weather)
    if (this.hasHole) this.weather.lost = true
    this.flow()
  }

  /** Stops for good. */
  stop(): void {
    this.isOver = true
    clearTimeout(this.timer)
    this.pieces.length = 0
  }

  private take(bytes: Buffer): void {
    this.heard(bytes)
    const { lost, held, delayMs } = this.weather
    if (lost) this.harmed.lost += bytes.length
    else if (held) this.harmed.held += bytes.length
    else if (delayMs > 0) this.harmed.late += bytes.length
    if (this.weather.lost) this.hasHole = true
    if (this.isOver || this.weather.lost) return
    this.pieces.push({ bytes, dueAt: performance.now() + this.weather.delayMs })
    this.queuedBytes += bytes.length
    if (this.queuedBytes > BUFFER_BYTES) this.from.pause()
    this.flow()
  }

  private flow(): void {
    clearTimeout(this.timer)
    while (!this.isOver && !this.weather.held) {
      const [next] = this.pieces
      if (!next) break
      const waitMs = Math.max(next.dueAt, this.readyAt) - performance.now()
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.flow(), Math.max(1, waitMs))
        return
      }
      if (this.to.writableNeedDrain) return
      this.carry(next)
    }
    if (this.isOver || this.weather.held) return
    if (this.from.isPaused()) this.from.resume()
    if (this.hasEnded && !this.isSilent && !this.to.writableEnded) this.to.end()
  }

  private carry({ bytes, dueAt }: Piece): void {
    const { bytesPerSecond } = this.weather
    const most =
      bytesPerSecond === Infinity ? bytes.length : Math.max(1, Math.round((bytesPerSecond * TICK_MS) / 1_000))
    const now = bytes.subarray(0, most)
    if (now.length === bytes.length) this.pieces.shift()
    else this.pieces[0] = { bytes: bytes.subarray(most), dueAt }
    this.queuedBytes -= now.length
    if (bytesPerSecond !== Infinity) this.readyAt = performance.now() + (now.length / bytesPerSecond) * 1_000
    if (this.to.writable) this.to.write(now)
  }
}
