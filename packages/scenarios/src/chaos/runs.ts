import type { HistoryEvent } from '../history/index.js'

/** How often the method ran for each call, as the servers say. */
export class Runs {
  private readonly counts = new Map<string, number>()

  /** A server began to run the method for a call. */
  add(call: string): void {
    this.counts.set(call, (this.counts.get(call) ?? 0) + 1)
  }

  /**
   * A history with these in it. What servers say and what clients hear come by ways of their own, and in no common order;
   * so each run stands directly after its call.
   */
  within(history: readonly HistoryEvent[]): HistoryEvent[] {
    return history.flatMap((event): HistoryEvent[] => {
      if (event.type !== 'call.invoke') return [event]
      const { id, at } = event
      const runs = Array.from({ length: this.counts.get(id) ?? 0 }, (): HistoryEvent => ({ type: 'call.ran', id, at }))
      return [event, ...runs]
    })
  }
}
