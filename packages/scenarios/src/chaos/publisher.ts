import type { RealtimeClient } from '@org/realtime-client'
import type { OpenRequests } from './open-requests.js'

/** What a message of a run holds. */
export interface Payload {
  readonly id: string
  readonly pad: string
}

/** The publishes of one client in a round. */
export class Publisher {
  constructor(
    private readonly client: RealtimeClient,
    private readonly name: string,
    private readonly requests: OpenRequests,
    /** A number for each message, not used in any other round. */
    private readonly next: () => number,
  ) {}

  /** Publishes as a user would who waits for the answer. */
  publish(channel: string, padBytes: number): void {
    const { name: publisher } = this
    const id = `${publisher}-${this.next()}`
    const event = { publisher, channel, id }
    const payload: Payload = { id, pad: 'x'.repeat(padBytes) }
    void this.requests.follow(
      { type: 'pub.invoke', ...event },
      () => this.client.channel(channel).publish(payload),
      ({ epoch, offset }) => ({ type: 'pub.ok', ...event, position: { epoch, offset } }),
      (code) => ({ type: code === 'UNKNOWN_OUTCOME' ? 'pub.unknown' : 'pub.fail', ...event, code }),
    )
  }
}
