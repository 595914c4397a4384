import type { Clock, LogFields, Logger, Timer } from '../ports/index.js'
import { PassingLogger } from './passing-logger.js'
import { Seldom } from './seldom.js'

/** While the backend is away, the time between two lines of one operation. */
const AWAY_MS = 60_000
/** While it is not, the time in which so many lines of one operation are said, and the others counted. */
const PERIOD_MS = 10_000
const SAID = 3

/** Failures of one operation within a period. */
interface Flood {
  failures: number
  /** Those that nobody was told of. */
  unsaid: number
  readonly timer: Timer
}

/**
 * A logger for which operations that fail are an error a few times, and detail beyond that: when a backend goes away or
 * comes back, thousands fail together, and a thousand lines say no more than the first. While the backend is away, that is
 * one line a minute for each operation, since every request fails then; otherwise three in ten seconds, and one at the
 * end of them that says how many there were besides.
 */
export class SparingLogger extends PassingLogger {
  private readonly seldom = new Seldom(AWAY_MS)
  private readonly floods = new Map<string, Flood>()

  constructor(
    protected readonly target: Logger,
    private readonly clock: Clock,
    private readonly isAway: () => boolean,
  ) {
    super()
  }

  override error(message: string, fields?: LogFields): void {
    this.target[this.isSaid(message, fields) ? 'error' : 'debug'](message, fields)
  }

  /** Says what is left to say. */
  close(): void {
    for (const name of [...this.floods.keys()]) this.sum(name)
  }

  private isSaid(message: string, { operation }: LogFields = {}): boolean {
    if (typeof operation !== 'string') return true
    const name = `${message}: ${operation}`
    if (this.isAway()) return this.seldom.isDue(name, this.clock.now())
    const flood = this.floods.get(name) ?? this.begin(name)
    flood.failures += 1
    if (flood.failures <= SAID) return true
    flood.unsaid += 1
    return false
  }

  private begin(name: string): Flood {
    const flood = { failures: 0, unsaid: 0, timer: this.clock.setTimer(() => this.sum(name), PERIOD_MS) }
    this.floods.set(name, flood)
    return flood
  }

  private sum(name: string): void {
    const { clock, target, floods } = this
    const flood = floods.get(name)
    floods.delete(name)
    clock.clearTimer(flood?.timer)
    if (flood && flood.unsaid > 0) target.error(`${name} failed more often`, { failures: flood.unsaid })
  }
}
