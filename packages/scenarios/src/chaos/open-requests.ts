import { RealtimeError } from '@org/realtime-client'
import type { Happening, Record } from './record.js'

/** What one client has asked for in a round and has no answer to yet. */
export class OpenRequests {
  private pending = 0

  constructor(private readonly record: Record) {}

  /** How many there are. */
  get size(): number {
    return this.pending
  }

  /**
   * Writes down that something is asked for, and what becomes of it.
   *
   * @param ask asks, once it is written down.
   * @param done what is written down of an answer.
   * @param failed what is written down of an error with a code; any other error is one that nothing foresaw.
   * @returns Resolves when it has settled, either way.
   */
  async follow<T>(
    asked: Happening,
    ask: () => Promise<T>,
    done: (answer: T) => Happening,
    failed: (code: string) => Happening,
  ): Promise<void> {
    const { record } = this
    record.add(asked)
    this.pending += 1
    try {
      record.add(done(await ask()))
    } catch (error) {
      if (error instanceof RealtimeError) record.add(failed(error.code))
      else record.unexpected(error)
    } finally {
      this.pending -= 1
    }
  }
}
