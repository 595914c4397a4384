import type { RealtimeClient } from '@org/realtime-client'
import type { OpenRequests } from './open-requests.js'

/** Time that a call has, reconnects included: shorter than some faults, longer than others. */
const TIMEOUT_MS = 6_000

/** The calls of one client in a round. */
export class Caller {
  constructor(
    private readonly client: RealtimeClient,
    private readonly name: string,
    private readonly requests: OpenRequests,
    /** A number for each call, not used in any other round. */
    private readonly next: () => number,
  ) {}

  /** Calls a method that takes its time, and answers with the id of the call. */
  call(idempotent: boolean, ms: number): void {
    const { name: caller } = this
    const id = `${caller}!${this.next()}`
    const settled = { type: 'call.settled', id } as const
    void this.requests.follow(
      // Times are written down in whole milliseconds, each rounded for itself.
      { type: 'call.invoke', id, caller, side: 'client', idempotent, unknownAfterMs: TIMEOUT_MS - 1 },
      () => this.client.call('run', { id, ms }, { idempotent, timeoutMs: TIMEOUT_MS }),
      (answer) => ({ ...settled, outcome: 'answered', answer: String(answer) }),
      (code) => ({ ...settled, outcome: code === 'UNKNOWN_OUTCOME' ? 'unknown' : 'failed', code }),
    )
  }
}
