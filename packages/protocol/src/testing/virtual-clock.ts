import { Appointments, type Appointment } from './appointments.js'
import { turnOfTheLoop } from './turn-of-the-loop.js'

/** Settings of a virtual clock. */
export interface VirtualClockOptions {
  /** What `now()` says at first, in milliseconds. Default: 1,000. */
  readonly now?: number
  /** What `date()` says at first, in milliseconds since 1970. Default: the first second of 2026. */
  readonly date?: number
}

/** How long to wait. */
export interface UntilOptions {
  /** Virtual time after which the wait fails, in milliseconds. Default: 60,000. */
  readonly withinMs?: number
}

/** Turns after which {@link VirtualClock.settle} says that it does not end. */
const MOST_TURNS = 10_000
const START_MS = 1_000
const START_DATE_MS = 1_767_225_601_000

/**
 * Time that moves only when a test moves it. It is the `clock` of servers, clients and pairs alike: give all of them the
 * same one, and minutes pass in milliseconds, in the same order each time.
 *
 * Timers run at their moment, those of one moment in the order they were set. Between two of them everything has its turn
 * that waits for promises only. What waits for the real world (a file, a database, a timer of the machine) is not waited
 * for.
 */
export class VirtualClock {
  private time: number
  private readonly dateOffsetMs: number
  private readonly timers = new Appointments()
  private ends: Array<() => void> = []
  private moving = false

  /** @param options Where time begins. */
  constructor({ now = START_MS, date = START_DATE_MS }: VirtualClockOptions = {}) {
    this.time = now
    this.dateOffsetMs = date - now
  }

  /** Virtual milliseconds. */
  now(): number {
    return this.time
  }

  /** Virtual milliseconds since 1970. */
  date(): number {
    return Math.floor(this.time + this.dateOffsetMs)
  }

  /**
   * Runs a callback once, when so much time was let pass.
   *
   * @returns What {@link clearTimer} takes.
   * @throws RangeError when the delay is negative or no number.
   */
  setTimer(callback: () => void, delayMs: number): unknown {
    if (!(delayMs >= 0)) throw new RangeError(`a timer of ${delayMs} ms`)
    return this.timers.add(this.time + delayMs, callback)
  }

  /** Forgets a timer. Does nothing when it ran or was cleared. */
  clearTimer(timer: unknown): void {
    if (timer) this.timers.cancel(timer as Appointment)
  }

  /** Runs a callback at the end of this turn, which {@link settle} and {@link advance} bring about. */
  soon(callback: () => void): void {
    this.ends.push(callback)
  }

  /** How many timers are set. None, when nothing leaks. */
  get pending(): number {
    return this.timers.size
  }

  /**
   * Lets everything happen that needs no time: promises, and what was asked for `soon`.
   *
   * @throws Error when that does not end.
   */
  async settle(): Promise<void> {
    await turnOfTheLoop()
    for (let turns = 0; this.ends.length > 0; turns++) {
      if (turns > MOST_TURNS)
        throw new Error(`still not settled after ${MOST_TURNS} turns: something goes round in a circle`)
      this.endTurn()
      await turnOfTheLoop()
    }
  }

  /** Ends this turn: runs what was asked for `soon`, and no promise. For tests that look at a single turn. */
  endTurn(): void {
    const ends = this.ends
    this.ends = []
    for (const callback of ends) callback()
  }

  /**
   * Lets time pass, and everything that is due happen at its moment. Await it before anything else is asked of the clock.
   *
   * @throws Error when time is moving already. What a timer throws comes out here, too.
   */
  async advance(ms: number): Promise<void> {
    await this.move(async () => {
      const end = this.time + ms
      await this.settle()
      for (let next = this.timers.first; next && next.at <= end; next = this.timers.first) await this.run(next)
      this.time = Math.max(this.time, end)
    })
  }

  /**
   * Lets as much time pass as a promise needs: `await clock.until(client.ready())`.
   *
   * @returns What the promise came to; a rejection comes out here.
   * @throws Error when it is still pending after `withinMs`, or when no timer is set that could still settle it.
   */
  async until<T>(promise: PromiseLike<T>, { withinMs = 60_000 }: UntilOptions = {}): Promise<T> {
    let isOver = false
    const over = (): void => void (isOver = true)
    promise.then(over, over)
    await this.move(async () => {
      const end = this.time + withinMs
      await this.settle()
      while (!isOver) {
        const next = this.timers.first
        if (!next) throw new Error('the promise is still pending, and no timer is set that could settle it')
        if (next.at > end) throw new Error(`the promise is still pending after ${withinMs} ms of virtual time`)
        await this.run(next)
      }
    })
    return promise
  }

  /** Lets time pass while the process is suspended: nothing runs. Timers that are due run with the next advance. */
  suspend(ms: number): void {
    this.time += ms
  }

  private async move(how: () => Promise<void>): Promise<void> {
    if (this.moving) throw new Error('time is moving already: await `advance` and `until` one after the other')
    this.moving = true
    try {
      await how()
    } finally {
      this.moving = false
    }
  }

  private async run(timer: Appointment): Promise<void> {
    this.timers.cancel(timer)
    this.time = Math.max(this.time, timer.at)
    timer.callback()
    await this.settle()
  }
}
