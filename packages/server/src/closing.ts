import type { DrainPace } from './core/drain.js'

/** How gently a server closes. */
export interface CloseOptions {
  /**
   * Time to spread the closing of links over, in milliseconds. Links that wait for answers go last. Default: 0, all at
   * once.
   */
  readonly drainMs?: number
  /**
   * Time to go on as before while `ready` of the server is false already, in milliseconds, so that a load balancer
   * notices before upgrades are refused. Default: 0.
   */
  readonly lbDelayMs?: number
  /** What clients are told to wait before they come back, in milliseconds, besides their own back-off. Default: nothing. */
  readonly retryAfterMs?: number
}

/** The pace that options ask for. @throws TypeError when a time is not a number from 0. */
export function drainPace({ drainMs = 0, lbDelayMs = 0, retryAfterMs }: CloseOptions): DrainPace {
  for (const [name, ms] of Object.entries({ drainMs, lbDelayMs, retryAfterMs: retryAfterMs ?? 0 })) {
    if (!Number.isFinite(ms) || ms < 0) throw new TypeError(`${name} must be a number of milliseconds from 0`)
  }
  return { drainMs, lbDelayMs, retryAfterMs: retryAfterMs && Math.ceil(retryAfterMs) }
}
