import type { CallFrame, Limits } from '@org/realtime-protocol'
import type { EncodedFrame } from '../ports/index.js'
import { encoded, tryEncoded } from './encoded-frame.js'
import type { CallOutcome, Methods } from './methods.js'
import { FULL_RETRY_MS } from './retry.js'
import type { Session } from './session.js'
import type { TimerWheel, WheelTask } from './timer-wheel.js'
import { wireError } from './wire-errors.js'

/** What serving calls needs of a node. */
export interface CallHouse {
  readonly methods: Methods
  readonly wheel: TimerWheel
  readonly limits: Limits
  limited(limit: keyof Limits, fields: { readonly peer: string }): void
}

/** What serving calls needs of the link they came on. */
export interface CallerLink {
  readonly peer: string
  /** Whether the link has more to send than it should. */
  readonly congested: boolean
  send(frame: EncodedFrame): void
  /** Resolves when the link has room for an answer of many bytes, or is over. */
  room(): Promise<void>
}

/** One call that runs. Over as soon as nobody waits for it; it takes room until its handler has ended. */
class Job implements WheelTask {
  readonly ending = new AbortController()
  isOver = false

  constructor(
    readonly ref: number,
    private readonly tellLate: () => void,
  ) {}

  turn(): undefined {
    this.end(this.tellLate)
  }

  /** Nobody waits any more. The handler is told last, since it may do whatever it likes. */
  end(tell?: () => void): void {
    if (this.isOver) return
    this.isOver = true
    tell?.()
    this.ending.abort()
  }
}

/** The calls of one link that run here, side by side. Each is answered at most once, and not after it was cancelled. */
export class ServedCalls {
  private readonly jobs = new Set<Job>()

  constructor(
    private readonly house: CallHouse,
    private readonly link: CallerLink,
  ) {}

  /** How many run, those that nobody waits for included. */
  get size(): number {
    return this.jobs.size
  }

  /** Runs a call and answers it. */
  take(session: Session, frame: CallFrame): void {
    const { limits, wheel } = this.house
    const { ref } = frame
    if (this.jobs.size >= limits.calls) {
      this.house.limited('calls', { peer: this.link.peer })
      return this.answer(ref, { error: wireError('RATE_LIMITED', { retryAfterMs: FULL_RETRY_MS }) })
    }
    const job = new Job(ref, () => {
      this.house.limited('callTimeoutMs', { peer: this.link.peer })
      this.answer(ref, { error: wireError('UNKNOWN_OUTCOME') })
    })
    this.jobs.add(job)
    wheel.schedule(job, limits.callTimeoutMs)
    void this.run(job, session, frame)
  }

  /** The caller no longer waits. */
  cancel(ref: number): void {
    for (const job of this.jobs) if (job.ref === ref) this.abandon(job)
  }

  /** The link is over: nobody waits for anything. */
  end(): void {
    for (const job of this.jobs) this.abandon(job)
  }

  private abandon(job: Job): void {
    this.house.wheel.cancel(job)
    job.end()
  }

  private async run(job: Job, session: Session, { ref, method, data, meta }: CallFrame): Promise<void> {
    const context = { ...session.asker, signal: job.ending.signal, meta }
    const outcome = await this.house.methods.run(method, data, context)
    // Many answers that a peer does not read would cut its link, again and again. Asked anew each time: of all who wait
    // for room, the first may have taken it.
    while (!job.isOver && this.link.congested) await this.link.room()
    this.jobs.delete(job)
    if (job.isOver) return
    this.house.wheel.cancel(job)
    job.isOver = true
    this.answer(ref, outcome)
  }

  private answer(ref: number, outcome: CallOutcome): void {
    if ('error' in outcome) return this.link.send(encoded({ type: 'error', ref, ...outcome.error }))
    const { value } = outcome
    const frame = tryEncoded({ type: 'result', ref, ...(value === undefined ? {} : { data: value }) })
    if (!frame) return this.answer(ref, { error: wireError('INTERNAL', { message: 'the answer cannot be JSON' }) })
    const most = this.house.limits.sendQueueSoftBytes
    if (frame.bytes <= most) return this.link.send(frame)
    this.answer(ref, { error: wireError('TOO_LARGE', { message: `an answer has at most ${most} bytes` }) })
  }
}
