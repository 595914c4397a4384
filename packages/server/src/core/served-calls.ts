import type { CallFrame, Limits, Meta } from '@org/realtime-protocol'
import type { EncodedFrame } from '../ports/index.js'
import type { Attributes } from './attributes.js'
import type { Identity } from './declarations.js'
import { encoded, tryEncoded } from './encoded-frame.js'
import type { CallContext, CallOutcome, Methods, RunningCall } from './methods.js'
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
class Job implements WheelTask, RunningCall {
  isOver = false
  isAbandoned = false
  readonly context: CallContext
  readonly ref: number
  private ending: AbortController | undefined

  constructor(
    session: Session,
    { ref, meta }: CallFrame,
    private readonly tellLate: () => void,
  ) {
    this.ref = ref
    this.context = new Context(this, session, meta)
  }

  /** Aborts when the call is abandoned. Made when a handler looks at it: that costs more than all else of a call. */
  get signal(): AbortSignal {
    if (!this.ending) {
      this.ending = new AbortController()
      if (this.isAbandoned) this.ending.abort()
    }
    return this.ending.signal
  }

  turn(): undefined {
    this.end(this.tellLate)
  }

  /** Nobody waits any more. The handler is told last, since it may do whatever it likes. */
  end(tell?: () => void): void {
    if (this.isOver) return
    this.isOver = true
    this.isAbandoned = true
    tell?.()
    this.ending?.abort()
  }
}

/** What the handler of a call learns. */
class Context implements CallContext {
  readonly user: Identity | null
  readonly session: string
  readonly attributes: Attributes
  readonly #job: Job

  constructor(
    job: Job,
    session: Session,
    readonly meta: Meta | undefined,
  ) {
    const { user, session: id, attributes } = session.asker
    this.user = user
    this.session = id
    this.attributes = attributes
    this.#job = job
  }

  get signal(): AbortSignal {
    return this.#job.signal
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
    const job = new Job(session, frame, () => {
      this.house.limited('callTimeoutMs', { peer: this.link.peer })
      this.answer(ref, { error: wireError('UNKNOWN_OUTCOME') })
    })
    this.jobs.add(job)
    wheel.schedule(job, limits.callTimeoutMs)
    void this.run(job, frame)
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

  private async run(job: Job, { ref, method, data }: CallFrame): Promise<void> {
    const outcome = await this.house.methods.run(method, data, job)
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
