import type { Clock, Random, Timer } from '../ports/index.js'
import { retryDelayMs } from './retry.js'
import { Turns, type Turn } from './turns.js'

/** What a node keeps right by itself: positions of channels, its members, lists that are watched, sessions. */
export type Chore = 'channels' | 'members' | 'lists' | 'sessions'

/** What upkeep is made from. */
export interface UpkeepParts {
  readonly clock: Clock
  readonly random: Random
}

/**
 * What a node asks of its backend by itself, and nobody waits for: that begins all at once when a backend comes back, for
 * everything the node holds. It is done in turn, so that publishes and subscribes find room beside it, and that a backend
 * which takes a bounded number of requests takes all of it.
 */
export class Upkeep {
  private readonly turns: Turns
  private readonly pauses = new Set<Timer>()
  private closed = false

  constructor(private readonly parts: UpkeepParts) {
    this.turns = new Turns(parts.clock)
  }

  /**
   * Has work done once, in its turn.
   *
   * @param failures How often it has failed before.
   */
  turn<T>(chore: Chore, work: () => Promise<T>, failures = 0): Turn<T> {
    return this.turns.take(chore, work, failures > 0)
  }

  /**
   * Has work done in its turn, and again soon when it fails, until it succeeds or is not wanted any more. Never rejects.
   *
   * @param failed Told of every failure.
   */
  async persist(
    chore: Chore,
    work: () => Promise<unknown>,
    isWanted: () => boolean,
    failed: (error: unknown) => void,
  ): Promise<void> {
    for (let failures = 0; isWanted(); failures++) {
      try {
        await this.turn(chore, async () => isWanted() && (await work()), failures).done
        return
      } catch (error) {
        if (this.closed) return
        failed(error)
        await this.pause(this.delayMs(failures))
      }
    }
  }

  /** Delay before the next try of something that failed so many times in a row: those that failed together come apart. */
  delayMs(failures: number): number {
    return retryDelayMs(failures, this.parts.random)
  }

  /** Resolves after a delay, unless everything ends before. */
  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.closed) return
      const timer = this.parts.clock.setTimer(() => {
        this.pauses.delete(timer)
        resolve()
      }, delayMs)
      this.pauses.add(timer)
    })
  }

  /** The node closes: what has not begun never does. */
  close(): void {
    this.closed = true
    this.turns.close()
    for (const timer of this.pauses) this.parts.clock.clearTimer(timer)
    this.pauses.clear()
  }
}
