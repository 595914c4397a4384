import { RealtimeError, type RealtimeClient } from '@org/realtime-client'
import type { Record } from './record.js'

/** Time that a call has, reconnects included: shorter than some faults, longer than others. */
const TIMEOUT_MS = 6_000

/** The calls of one client in a round. */
export class Caller {
  /** Calls that have not ended. */
  pending = 0

  constructor(
    private readonly client: RealtimeClient,
    private readonly name: string,
    private readonly record: Record,
    /** A number for each call, not used in any other round. */
    private readonly next: () => number,
  ) {}

  /** Calls a method that takes its time, and answers with the id of the call. */
  call(idempotent: boolean, ms: number): void {
    const { record, name: caller } = this
    const id = `${caller}!${this.next()}`
    const settled = { type: 'call.settled', id } as const
    this.pending += 1
    // Times are written down in whole milliseconds, each rounded for itself.
    record.add({ type: 'call.invoke', id, caller, side: 'client', idempotent, unknownAfterMs: TIMEOUT_MS - 1 })
    const options = { idempotent, timeoutMs: TIMEOUT_MS }
    this.client
      .call('run', { id, ms }, options)
      .then(
        (answer) => record.add({ ...settled, outcome: 'answered', answer: String(answer) }),
        (error: unknown) => {
          if (!(error instanceof RealtimeError)) return record.unexpected(error)
          const { code } = error
          record.add({ ...settled, outcome: code === 'UNKNOWN_OUTCOME' ? 'unknown' : 'failed', code })
        },
      )
      .finally(() => (this.pending -= 1))
  }
}
