import type { Clock } from '../ports/index.js'
import type { TimerWheel, WheelTask } from './timer-wheel.js'

/** Whom the life of a token concerns. */
export interface TokenHolder {
  /** The token expires in so many milliseconds. */
  expiring(expiresInMs: number): void
  /** It has expired. */
  expired(): void
}

/** Time between two notices of the same expiry. */
const LEAST_MS = 1_000

/** The life of the token of one link. Its holder is told once before each expiry, in time to bring another one. */
export class TokenLife implements WheelTask {
  private expiresAt = 0
  private wasTold = false

  constructor(
    private readonly clock: Clock,
    private readonly wheel: TimerWheel,
    private readonly noticeMs: number,
    private readonly holder: TokenHolder,
  ) {}

  /** A token takes the place of the one before. */
  begin(expiresInMs: number): void {
    this.expiresAt = this.clock.now() + expiresInMs
    this.wasTold = false
    // Half of a short life is more than nothing, and leaves time to be used.
    this.wheel.schedule(this, expiresInMs - Math.min(this.noticeMs, expiresInMs / 2))
  }

  /** It was to be replaced, and that failed by no fault of the other one: its holder is told again, halfway to its end. */
  remind(): void {
    this.wasTold = false
    this.wheel.schedule(this, Math.max(LEAST_MS, (this.expiresAt - this.clock.now()) / 2))
  }

  /** There is nobody to tell any more. */
  end(): void {
    this.wheel.cancel(this)
  }

  turn(): number | undefined {
    const leftMs = Math.ceil(this.expiresAt - this.clock.now())
    if (leftMs <= 0) {
      this.holder.expired()
      return undefined
    }
    if (!this.wasTold) this.holder.expiring(leftMs)
    this.wasTold = true
    return leftMs
  }
}
