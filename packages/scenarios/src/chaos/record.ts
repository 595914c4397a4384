import type { HistoryEvent } from '../history/index.js'
import type { UndoneLog } from './undoing.js'

/** An event without its time, which the record adds. */
export type Happening = HistoryEvent extends infer E ? (E extends HistoryEvent ? Omit<E, 'at'> : never) : never

/** What happened in one round, in order. */
export class Record {
  readonly history: HistoryEvent[] = []
  /** What was undone because another history took over. */
  readonly undone: UndoneLog[] = []
  /** Errors that no code of ours should have thrown. */
  readonly surprises: unknown[] = []
  private readonly begun = performance.now()

  /** Writes down that something happened now. */
  add(happening: Happening): HistoryEvent {
    const event = { at: Math.round(performance.now() - this.begun), ...happening }
    this.history.push(event)
    return event
  }

  /** Takes note of an error that nothing foresaw. */
  unexpected(error: unknown): void {
    this.surprises.push(error)
  }
}
