/** How many messages a peer may send. */
export interface Rate {
  /** Messages in a second, in the long run. */
  readonly messagesPerSecond: number
  /** Messages at once, after a pause. */
  readonly messageBurst: number
  /** Messages above that with which a peer has gone too far; a fifth of them is forgiven each second. */
  readonly excessMessages: number
  /** Bytes in a second, in the long run. */
  readonly bytesPerSecond: number
}

/** Time in which as much excess as is tolerated is forgiven. */
const FORGIVEN_MS = 5_000

/** Seconds whose bytes may come at once. */
const BYTES_BURST_S = 4

/**
 * Counts what one peer sends, as a bucket of tokens that fills up again by the time that has passed. No timers: a peer
 * that says nothing costs nothing. PROTOCOL.md §8.1.
 */
export class RateLimit {
  private tokens: number
  private excess = 0
  /** Bytes there is room for; below zero, so many have come above that. */
  private room: number

  /** @param received Bytes that had come before: they do not count. */
  constructor(
    private readonly rate: Rate,
    private at: number,
    private received = 0,
  ) {
    this.tokens = rate.messageBurst
    this.room = rate.bytesPerSecond * BYTES_BURST_S
  }

  /**
   * Counts a message. Says whether it is within the rate; if not, it counts as one in excess.
   *
   * @param received Bytes that have come so far, all told.
   */
  take(now: number, received = this.received): boolean {
    this.catchUp(now)
    this.room -= received - this.received
    this.received = received
    if (this.tokens < 1 || this.room < 0) {
      this.excess += 1
      return false
    }
    this.tokens -= 1
    return true
  }

  /** Whether the peer went on for too long. */
  get exhausted(): boolean {
    return this.excess > this.rate.excessMessages || this.room < -this.rate.bytesPerSecond * BYTES_BURST_S
  }

  /** What the peer is above, when it is. */
  get exceeded(): 'bytesPerSecond' | 'messagesPerSecond' {
    return this.room < 0 ? 'bytesPerSecond' : 'messagesPerSecond'
  }

  /** Time until half of a burst fits again, so that whoever waits for it is not refused the message after the next. */
  get retryAfterMs(): number {
    const { messagesPerSecond, messageBurst, bytesPerSecond } = this.rate
    const missing = Math.max(1, messageBurst / 2) - this.tokens
    const missingBytes = this.room < 0 ? (bytesPerSecond * BYTES_BURST_S) / 2 - this.room : 0
    const seconds = Math.max(missing / messagesPerSecond, missingBytes / bytesPerSecond)
    return Math.max(1, Math.ceil(seconds * 1_000))
  }

  private catchUp(now: number): void {
    const { messagesPerSecond, messageBurst, excessMessages, bytesPerSecond } = this.rate
    const ms = now - this.at
    this.at = now
    this.tokens = Math.min(messageBurst, this.tokens + (ms * messagesPerSecond) / 1_000)
    this.room = Math.min(bytesPerSecond * BYTES_BURST_S, this.room + (ms * bytesPerSecond) / 1_000)
    this.excess = Math.max(0, this.excess - (ms * excessMessages) / FORGIVEN_MS)
  }
}
