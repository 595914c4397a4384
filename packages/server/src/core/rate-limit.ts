/** How many messages a peer may send. */
export interface Rate {
  /** Messages in a second, in the long run. */
  readonly messagesPerSecond: number
  /** Messages at once, after a pause. */
  readonly messageBurst: number
  /** Messages above that with which a peer has gone too far; a fifth of them is forgiven each second. */
  readonly excessMessages: number
}

/** Time in which as much excess as is tolerated is forgiven. */
const FORGIVEN_MS = 5_000

/**
 * Counts what one peer sends, as a bucket of tokens that fills up again by the time that has passed. No timers: a peer
 * that says nothing costs nothing. PROTOCOL.md §8.1.
 */
export class RateLimit {
  private tokens: number
  private excess = 0

  constructor(
    private readonly rate: Rate,
    private at: number,
  ) {
    this.tokens = rate.messageBurst
  }

  /** Counts a message. Says whether it is within the rate; if not, it counts as one in excess. */
  take(now: number): boolean {
    this.catchUp(now)
    if (this.tokens < 1) {
      this.excess += 1
      return false
    }
    this.tokens -= 1
    return true
  }

  /** Whether the peer went on for too long. */
  get exhausted(): boolean {
    return this.excess > this.rate.excessMessages
  }

  /** Time until half of a burst fits again, so that whoever waits for it is not refused the message after the next. */
  get retryAfterMs(): number {
    const { messagesPerSecond, messageBurst } = this.rate
    const missing = Math.max(1, messageBurst / 2) - this.tokens
    return Math.max(1, Math.ceil((missing / messagesPerSecond) * 1_000))
  }

  private catchUp(now: number): void {
    const { messagesPerSecond, messageBurst, excessMessages } = this.rate
    const ms = now - this.at
    this.at = now
    this.tokens = Math.min(messageBurst, this.tokens + (ms * messagesPerSecond) / 1_000)
    this.excess = Math.max(0, this.excess - (ms * excessMessages) / FORGIVEN_MS)
  }
}
