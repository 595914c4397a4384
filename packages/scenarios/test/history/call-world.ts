import type { HistoryEvent } from '../../src/history/index.js'

type Unstamped<E> = E extends unknown ? Omit<E, 'at'> : never

interface Call {
  readonly id: string
  readonly caller: string
  readonly side: 'client' | 'server'
  readonly idempotent: boolean
  runs: number
}

const TIME_MS = 1_000

/** A small model of calls that keeps every promise and writes the history of it, apart from the checker's code. */
export class CallWorld {
  readonly events: HistoryEvent[] = []
  private at = 0
  private serial = 0
  private readonly open = new Map<string, Call & { readonly since: number }>()

  call(caller: string, side: 'client' | 'server', idempotent: boolean): void {
    const id = `${caller}!${++this.serial}`
    this.write({ type: 'call.invoke', id, caller, side, idempotent, unknownAfterMs: TIME_MS })
    this.open.set(id, { id, caller, side, idempotent, runs: 0, since: this.at })
  }

  run(n: number): void {
    const call = this.pick(n)
    if (!call || (call.runs > 0 && !call.idempotent)) return
    call.runs += 1
    this.write({ type: 'call.ran', id: call.id })
  }

  answer(n: number): void {
    const call = this.pick(n, ({ runs }) => runs > 0)
    if (call) this.settle(call.id, { outcome: 'answered', answer: call.id })
  }

  refuse(n: number): void {
    const call = this.pick(n, ({ runs, idempotent }) => runs === 0 || idempotent)
    if (call) this.settle(call.id, { outcome: 'failed', code: 'TIMEOUT' })
  }

  giveUp(n: number): void {
    const call = this.pick(n)
    if (call) this.settle(call.id, { outcome: 'unknown', code: 'ABORTED' })
  }

  /** The link of a caller is lost: what may not be repeated has no known outcome. */
  cut(caller: string): void {
    const link = `l${++this.serial}`
    this.write({ type: 'conn.up', client: caller, session: caller, node: 'n', link })
    this.write({ type: 'link.open', session: caller, node: 'n', link })
    this.write({ type: 'conn.down', client: caller, link })
    this.write({ type: 'link.close', session: caller, node: 'n', link })
    for (const call of [...this.open.values()]) {
      if (call.side === 'server' || (call.caller === caller && !call.idempotent)) this.unknown(call.id)
    }
  }

  /** Time passes: what is too old has no known outcome. */
  pass(ms: number): void {
    this.at += ms
    for (const { id, since } of [...this.open.values()]) if (this.at - since >= TIME_MS) this.unknown(id)
  }

  end(): HistoryEvent[] {
    this.pass(TIME_MS)
    this.write({ type: 'end' })
    return this.events
  }

  private unknown(id: string): void {
    this.settle(id, { outcome: 'unknown', code: 'UNKNOWN_OUTCOME' })
  }

  private pick(n: number, fits: (call: Call) => boolean = () => true): Call | undefined {
    const calls = [...this.open.values()].filter(fits)
    return calls[n % Math.max(1, calls.length)]
  }

  private settle(
    id: string,
    what: { readonly outcome: 'answered' | 'failed' | 'unknown'; readonly code?: string; readonly answer?: string },
  ): void {
    this.open.delete(id)
    this.write({ type: 'call.settled', id, ...what })
  }

  private write(event: Unstamped<HistoryEvent>): void {
    this.events.push({ at: ++this.at, ...event })
  }
}
