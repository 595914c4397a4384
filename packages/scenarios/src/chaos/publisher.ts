import { RealtimeError, type RealtimeClient } from '@org/realtime-client'
import type { Record } from './record.js'

/** What a message of a run holds. */
export interface Payload {
  readonly id: string
  readonly pad: string
}

/** The publishes of one client in a round. */
export class Publisher {
  /** Publishes that have not settled. */
  pending = 0

  constructor(
    private readonly client: RealtimeClient,
    private readonly name: string,
    private readonly record: Record,
    /** A number for each message, not used in any other round. */
    private readonly next: () => number,
  ) {}

  /** Publishes as a user would who waits for the answer. */
  publish(channel: string, padBytes: number): void {
    const { record, name: publisher } = this
    const id = `${publisher}-${this.next()}`
    const event = { publisher, channel, id }
    record.add({ type: 'pub.invoke', ...event })
    this.pending += 1
    const payload: Payload = { id, pad: 'x'.repeat(padBytes) }
    this.client
      .channel(channel)
      .publish(payload)
      .then(
        ({ epoch, offset }) => record.add({ type: 'pub.ok', ...event, position: { epoch, offset } }),
        (error: unknown) => {
          if (!(error instanceof RealtimeError)) return record.unexpected(error)
          const { code } = error
          record.add({ type: code === 'UNKNOWN_OUTCOME' ? 'pub.unknown' : 'pub.fail', ...event, code })
        },
      )
      .finally(() => (this.pending -= 1))
  }
}
