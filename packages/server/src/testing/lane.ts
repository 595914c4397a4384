import type { Clock } from '../ports/index.js'

interface Parcel {
  readonly bytes: number
  readonly arrive: () => void
  /** Whether its time on the way is over. */
  isDue: boolean
}

/** One direction of a link in memory: keeps the order, takes its time, and can be held up. */
export class Lane {
  /** Bytes that were sent while the lane was stalled and have not left yet. */
  bufferedBytes = 0
  private readonly queue: Parcel[] = []
  private isStalled = false
  private isCut = false

  /**
   * @param clock Time.
   * @param latencyMs How long everything takes. With 0 it arrives in the next turn.
   * @param drained Is told when nothing is buffered any more.
   */
  constructor(
    private readonly clock: Pick<Clock, 'setTimer' | 'soon'>,
    private readonly latencyMs: number,
    private readonly drained: () => void = () => undefined,
  ) {}

  /** Takes something to the other end, never in this turn. */
  carry(bytes: number, arrive: () => void): void {
    if (this.isCut) return
    const parcel: Parcel = { bytes: this.isStalled ? bytes : 0, arrive, isDue: false }
    this.queue.push(parcel)
    this.bufferedBytes += parcel.bytes
    this.later(() => {
      parcel.isDue = true
      this.deliver()
    })
  }

  /** The other end does not read until {@link resume}. */
  stall(): void {
    this.isStalled = true
  }

  /** The other end reads again. */
  resume(): void {
    this.isStalled = false
    this.clock.soon(() => this.deliver())
  }

  /** Nothing arrives any more. */
  cut(): void {
    this.isCut = true
    this.queue.length = 0
  }

  private deliver(): void {
    const before = this.bufferedBytes
    while (!this.isStalled && this.queue[0]?.isDue) {
      const { bytes, arrive } = this.queue.shift() as Parcel
      this.bufferedBytes -= bytes
      arrive()
    }
    if (before > 0 && this.bufferedBytes === 0 && !this.isCut) this.drained()
  }

  private later(does: () => void): void {
    if (this.latencyMs > 0) this.clock.setTimer(does, this.latencyMs)
    else this.clock.soon(does)
  }
}
