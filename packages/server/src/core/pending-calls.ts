import type { Data, ErrorFrame, Meta, ResultFrame, ServerFrame } from '@org/realtime-protocol'
import { DEFAULT_LIMITS } from '@org/realtime-protocol'
import type { Clock, EncodedFrame, Timer } from '../ports/index.js'
import { tryEncoded } from './encoded-frame.js'
import type { CallOutcome } from './methods.js'
import { FULL_RETRY_MS } from './retry.js'
import { isErrorCode, shortened, wireError } from './wire-errors.js'

/** What calling needs of the link it goes over. */
export interface CalleeLink {
  /** Whether the link has more to send than it should. */
  readonly congested: boolean
  send(frame: EncodedFrame): void
  say(frame: ServerFrame): void
}

/** One call to a client. */
export interface OutgoingCall {
  readonly method: string
  readonly data: Data
  readonly meta?: Meta | undefined
  /** Time until the answer. */
  readonly timeoutMs: number
}

interface Waiting {
  readonly timer: Timer
  readonly settle: (outcome: CallOutcome) => void
}

/** The calls to the client of one link that wait for their answer. Each ends once: answer, time, cancel, end of link. */
export class PendingCalls {
  private readonly waiting = new Map<number, Waiting>()
  private last = 0

  constructor(
    private readonly clock: Clock,
    private readonly link: CalleeLink,
    private readonly maxBytes: number,
  ) {}

  /** How many wait. */
  get size(): number {
    return this.waiting.size
  }

  /** Calls; the outcome is told once, later or at once. @returns What gives the call up. */
  start({ method, data, meta, timeoutMs }: OutgoingCall, settle: (outcome: CallOutcome) => void): () => void {
    const refused = (outcome: CallOutcome): (() => void) => {
      settle(outcome)
      return () => undefined
    }
    const busy = this.waiting.size >= DEFAULT_LIMITS.calls || this.link.congested
    if (busy) return refused({ error: wireError('RATE_LIMITED', { retryAfterMs: FULL_RETRY_MS }) })
    const ref = ++this.last
    const frame = tryEncoded({ type: 'call', ref, method, data, ...(meta ? { meta } : {}) })
    if (!frame) return refused({ error: wireError('INVALID_DATA', { message: 'the input cannot be JSON' }) })
    if (frame.bytes > this.maxBytes) {
      return refused({ error: wireError('TOO_LARGE', { message: `a call has at most ${this.maxBytes} bytes` }) })
    }
    const giveUp = (): void => {
      if (this.settle(ref, { error: wireError('UNKNOWN_OUTCOME') })) this.link.say({ type: 'cancel', ref })
    }
    this.waiting.set(ref, { timer: this.clock.setTimer(giveUp, timeoutMs), settle })
    this.link.send(frame)
    return giveUp
  }

  /** Takes an answer. One to a call that nobody waits for any more is late news. */
  answer(frame: ResultFrame | ErrorFrame): void {
    if (frame.ref === undefined) return
    if (frame.type === 'result') this.settle(frame.ref, { value: frame.data })
    else this.settle(frame.ref, { error: errorSaid(frame) })
  }

  /** The link is over: no answer will come. */
  end(): void {
    for (const ref of [...this.waiting.keys()]) this.settle(ref, { error: wireError('UNKNOWN_OUTCOME') })
  }

  private settle(ref: number, outcome: CallOutcome): boolean {
    const found = this.waiting.get(ref)
    if (!found) return false
    this.waiting.delete(ref)
    this.clock.clearTimer(found.timer)
    found.settle(outcome)
    return true
  }
}

/** What a client says went wrong, as far as it may say that. */
function errorSaid({ code, message, retryable }: ErrorFrame) {
  if (!isErrorCode(code)) return wireError('INTERNAL')
  return { code, message: shortened(message), ...(retryable ? { retryable } : {}) }
}
