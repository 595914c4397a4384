import type { Clock } from '../ports/index.js'
import { Fifo } from './fifo.js'

/** How much is under way at a time, while it is answered. */
const AT_ONCE = 200
/** What is not answered within this time makes room for what may be: some of the backend may be away. */
const SLOW_MS = 500
/** How much is under way at most, with what is not answered. */
const MOST = 1_000
/** How much of each kind is under way that has failed before: while some of the backend is away, that never ends. */
const AGAIN = 100

/** Work that waits for its turn. */
interface Job {
  readonly begin: () => Promise<unknown>
  readonly queue: Queue
  hasBegun: boolean
  isUrgent: boolean
}

interface Queue {
  readonly jobs: Fifo<Job>
  readonly most: number
  underWay: number
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
  private readonly queues: Queue[] = []
  private readonly urgent = new Fifo<Job>()
  private last = -1
  private underWay = 0
  private slow = 0
  private closed = false

  constructor(private readonly clock: Clock) {}

  /**
   * Has work done as soon as it has its turn: in this moment, if there is room.
   *
   * @param isAgain Whether it has failed before: then it does not keep waiting what is asked for the first time.
   */
  take<T>(kind: string, work: () => Promise<T>, isAgain = false): Turn<T> {
    let begin: Job['begin'] = () => Promise.resolve()
    const done = new Promise<T>((resolve) => {
      begin = () => {
        // What it throws is an outcome as well.
        const outcome = (async () => work())()
        resolve(outcome)
        return outcome
      }
    })
    const queue = isAgain ? this.queue(`${kind} again`, AGAIN) : this.queue(kind, MOST)
    const job: Job = { begin, queue, hasBegun: false, isUrgent: false }
    queue.jobs.push(job)
    this.fill()
    return { done, hasten: () => this.hasten(job) }
  }

  /** What waits never begins. */
  close(): void {
    this.closed = true
    this.urgent.clear()
    for (const { jobs } of this.queues) jobs.clear()
  }

  private hasten(job: Job): void {
    if (job.hasBegun || job.isUrgent || this.closed) return
    job.isUrgent = true
    this.urgent.push(job)
  }

  private queue(kind: string, most: number): Queue {
    const known = this.queues[this.kinds.indexOf(kind)]
    if (known) return known
    const queue: Queue = { jobs: new Fifo(), most, underWay: 0 }
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
      const queue = this.queues[this.last]
      const job = queue && queue.underWay < queue.most ? waiting(queue.jobs) : undefined
      if (job) return job
    }
    return undefined
  }

  private start(job: Job): void {
    const { queue } = job
    job.hasBegun = true
    queue.underWay += 1
    this.underWay += 1
    let isSlow = false
    const timer = this.clock.setTimer(() => {
      isSlow = true
      this.slow += 1
      this.fill()
    }, SLOW_MS)
    const over = (): void => {
      this.clock.clearTimer(timer)
      queue.underWay -= 1
      this.underWay -= 1
      if (isSlow) this.slow -= 1
      this.fill()
    }
    job.begin().then(over, over)
  }
}

/** The first of a queue that has not begun out of its turn. */
function waiting(jobs: Fifo<Job>): Job | undefined {
  for (;;) {
    const job = jobs.shift()
    if (!job?.hasBegun) return job
  }
}
