import type { Channel } from './timeline.js'

/** What a log can have trimmed by some time, where it is known how many messages it keeps. */
export class Trims {
  /** For each place of the log, when the first of the messages from there on was asked for. */
  private readonly earliest: readonly number[]

  constructor(private readonly channel: Channel) {
    const { log, acks, deliveries, publishes } = channel
    const earliest: number[] = new Array<number>(log.head.offset + 2).fill(Infinity)
    const place = (id: string, offset: number) => {
      const asked = publishes.get(id)?.invokes[0]?.index ?? Infinity
      earliest[offset] = Math.min(earliest[offset] ?? Infinity, asked)
    }
    for (const { offset, id } of log.entries) place(id, offset)
    for (const { event } of [...acks, ...deliveries]) {
      if (log.keeps(event.position)) place(event.id, event.position.offset)
    }
    for (let i = log.head.offset; i >= 0; i--)
      earliest[i] = Math.min(earliest[i] ?? Infinity, earliest[i + 1] ?? Infinity)
    this.earliest = earliest
  }

  /** Whether the messages up to an offset can have been gone at some place of the record: as many as are kept came after it. */
  allow(to: number, index: number): boolean {
    const { keeps } = this.channel
    return keeps === undefined || (this.earliest[to + keeps] ?? Infinity) < index
  }
}
