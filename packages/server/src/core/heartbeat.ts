import type { WheelTask } from './timer-wheel.js'

/** What the heartbeat needs of a link. */
export interface Pulse {
  /** Bytes received so far; only a change is looked at. */
  readonly receivedBytes: number
  /** Sends a ping. */
  ping(): void
  /** The peer is gone. */
  flatline(): void
}

/** When to ping and when a link is dead. */
export interface HeartbeatTimes {
  /** Interval of pings. */
  readonly heartbeatMs: number
  /** Silence after a ping that ends the link. */
  readonly heartbeatTimeoutMs: number
}

/**
 * Pings a peer in band, since browsers cannot see WebSocket pings. Any byte after a ping counts as life, an answer or
 * not: a slow upload is no death. PROTOCOL.md §3.6.
 */
export class Heartbeat implements WheelTask {
  private bytesAtPing = -1

  constructor(
    private readonly pulse: Pulse,
    private readonly times: HeartbeatTimes,
  ) {}

  turn(): number | undefined {
    const { heartbeatMs, heartbeatTimeoutMs } = this.times
    if (this.bytesAtPing < 0) {
      this.bytesAtPing = this.pulse.receivedBytes
      this.pulse.ping()
      return heartbeatTimeoutMs
    }
    if (this.pulse.receivedBytes === this.bytesAtPing) {
      this.pulse.flatline()
      return undefined
    }
    this.bytesAtPing = -1
    return Math.max(0, heartbeatMs - heartbeatTimeoutMs)
  }
}
