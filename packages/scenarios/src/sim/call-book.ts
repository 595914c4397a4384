import type { World } from './world.js'

/** What is called: who calls, from where, and when nobody knows what became of it. */
export interface Calling {
  readonly caller: string
  readonly side: 'client' | 'server'
  readonly idempotent: boolean
  /** Least time after which it may be told that the outcome is not known, without a link that broke. */
  readonly unknownAfterMs: number
}

/** Code with which a method says no on purpose. Its message is the id of the call. */
export const NO_ROOM = 'NO_ROOM'

/** The calls of one process: writes down what it calls, and what became of it. */
export class CallBook {
  private serial = 0
  private readonly pending = new Set<string>()

  constructor(private readonly world: World) {}

  /** Calls, and waits for the outcome. */
  call(calling: Calling, start: (id: string) => Promise<unknown>): void {
    const id = `${calling.caller}!${++this.serial}`
    this.pending.add(id)
    this.world.record({ type: 'call.invoke', id, ...calling })
    start(id).then(
      (answer) => this.settle(id, { outcome: 'answered', answer: String(answer) }),
      (error: unknown) => this.failed(id, error),
    )
  }

  /** The process ends: nobody hears what becomes of its calls. */
  abandon(): void {
    for (const id of [...this.pending]) this.settle(id, { outcome: 'unknown', code: 'ABANDONED' })
  }

  private failed(id: string, error: unknown): void {
    if (!(error instanceof Error) || !('code' in error)) return this.world.unexpected(error)
    const code = String(error.code)
    if (code === NO_ROOM) return this.settle(id, { outcome: 'answered', answer: error.message })
    const isUnknown = code === 'UNKNOWN_OUTCOME' || code === 'ABORTED'
    this.settle(id, { outcome: isUnknown ? 'unknown' : 'failed', code })
  }

  private settle(
    id: string,
    what: { readonly outcome: 'answered' | 'failed' | 'unknown'; readonly code?: string; readonly answer?: string },
  ): void {
    if (this.pending.delete(id)) this.world.record({ type: 'call.settled', id, ...what })
  }
}
