import type { Clock } from '../ports/index.js'
import { Fifo } from './fifo.js'

/** How much is under way at a time, while it is answered. */
const AT_ONCE = 200
/** What is not answered within this time makes room for what may be: some of the backend may be away. */
const SLOW_MS = 500
/** How much is under way at most, with what is not answered. */
const MOST = 1_000

/** Work that waits for its turn. */
interface Job {
  readonly begin: () => Promise<unknown>
  hasBegun: boolean
  isUrgent: boolean
}

/** Work that was asked for. */
export interface Turn<T> {
  /** What came of it. Never settles when it has not begun before everything ends. */
  readonly done: Promise<T>
  /** Somebody waits for it: it is next. */
  hasten(): void
}

/**
 * Lets work begin in turn, a bounded number at a time. There is a queue for each kind of work, and one after the other has
 * its turn, so that a long queue does not keep the others waiting.
 */
export class Turns {
  private readonly kinds: string[] = []
  private readonly queues: Array<Fifo<Job>> = []
  private readonly urgent = new Fifo<Job>()
  private last = -1
  private underWay = 0
  private slow = 0
  private closed = false

  constructor(private readonly clock: Clock) {}

  /** Has work done as soon as it has its turn: in this moment, if there is room. */
  take<T>(kind: string, work: () => Promise<T>): Turn<T> {
    let begin: Job['begin'] = () => Promise.resolve()
    const done = new Promise<T>((resolve) => {
      begin = () => {
        // What it throws is an outcome as well.
        const outcome = (async () => work())()
        resolve(outcome)
        return outcome
      }
    })
    const job: Job = { begin, hasBegun: false, isUrgent: false }
    this.queue(kind).push(job)
    this.fill()
    return { done, hasten: () => this.hasten(job) }
  }

  /** What waits never begins. */
  close(): void {
    this.closed = true
    this.urgent.clear()
    for (const queue of this.queues) queue.clear()
  }

  private hasten(job: Job): void {
    if (job.hasBegun || job.isUrgent || this.closed) return
    job.isUrgent = true
    this.urgent.push(job)
  }

  private queue(kind: string): Fifo<Job> {
    const known = this.queues[this.kinds.indexOf(kind)]
    if (known) return known
    const queue = new Fifo<Job>()
    this.kinds.push(kind)
    this.queues.push(queue)
    return queue
  }

  private fill(): void {
    while (!this.closed && this.underWay - this.slow < AT_ONCE && this.underWay < MOST) {
      const job = this.next()
      if (!job) return
      this.start(job)
    }
  }

  private next(): Job | undefined {
    const urgent = waiting(this.urgent)
    if (urgent) return urgent
    for (let i = 0; i < this.queues.length; i++) {
      this.last = (this.last + 1) % this.queues.length
      const job = waiting(this.queues[this.last])
      if (job) return job
    }
    return undefined
  }

  private start(job: Job): void {
    job.hasBegun = true
    this.underWay += 1
    let isSlow = false
    const timer = this.clock.setTimer(() => {
      isSlow = true
      this.slow += 1
      this.fill()
    }, SLOW_MS)
    const over = (): void => {
      this.clock.clearTimer(timer)
      this.underWay -= 1
      if (isSlow) this.slow -= 1
      this.fill()
    }
    job.begin().then(over, over)
  }
}

/** The first of a queue that has not begun out of its turn. */
function waiting(queue: Fifo<Job> | undefined): Job | undefined {
  for (;;) {
    const job = queue?.shift()
    if (!job?.hasBegun) return job
  }
}
