import type { Clock } from '../ports/clock.js'

/** Things that came from clients, in order, and whoever waits for the next one. */
export class Received<T> {
  readonly all: T[] = []
  private readonly untaken = new Set<T>()
  private readonly waiting = new Set<() => void>()

  /**
   * @param clock Time that is waited.
   * @param shown A thing in words, for errors.
   */
  constructor(
    private readonly clock: Clock,
    private readonly shown: (item: T) => string,
  ) {}

  /** Takes in what came. */
  add(item: T): void {
    this.all.push(item)
    this.untaken.add(item)
    for (const look of [...this.waiting]) look()
  }

  /**
   * The first one that fits and was not given out yet; waits for it.
   *
   * @throws Error that says what came instead, when the time is over.
   */
  next(wanted: string, fits: (item: T) => boolean, timeoutMs: number): Promise<T> {
    const take = (): T | undefined => {
      const item = [...this.untaken].find(fits)
      if (item !== undefined) this.untaken.delete(item)
      return item
    }
    const first = take()
    if (first !== undefined) return Promise.resolve(first)
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const item = take()
        if (item === undefined) return
        this.waiting.delete(look)
        this.clock.clearTimer(timer)
        resolve(item)
      }
      this.waiting.add(look)
      const timer = this.clock.setTimer(() => {
        this.waiting.delete(look)
        const came = [...this.untaken].map(this.shown).join(', ')
        reject(
          new Error(`${wanted} did not come within ${timeoutMs} ms; ${came ? `what came: ${came}` : 'nothing came'}`),
        )
      }, timeoutMs)
    })
  }
}
