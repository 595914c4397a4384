import type { Channel, Message, RealtimeClient } from '@org/realtime-client'
import { NULL_POSITION, type Position } from '@org/realtime-protocol'
import type { Payload } from './publisher.js'
import type { Record } from './record.js'

/** One subscription of one client in a round. */
export class Follower {
  /** Position of what was recorded last. */
  last: Position | undefined
  private readonly handle: Channel
  private readonly offs: ReadonlyArray<() => void>

  constructor(
    client: RealtimeClient,
    private readonly subscriber: string,
    private readonly what: { readonly channel: string; readonly isLog: boolean },
    private readonly record: Record,
  ) {
    const { channel } = what
    const handle = (this.handle = client.channel(channel))
    this.offs = [
      handle.on('state', ({ status }) => {
        if (status !== 'subscribed' || this.last) return
        this.last = handle.position ?? NULL_POSITION
        record.add({ type: 'sub.ok', subscriber, channel, position: this.last })
      }),
      handle.on('message', (message) => this.deliver(message)),
      handle.on('gap', ({ reason, from, to, position }) => {
        this.last = position
        record.add({ type: 'gap', subscriber, channel, reason, from, to, position })
      }),
    ]
  }

  /** Resolves when it is subscribed. */
  ready(): Promise<unknown> {
    return this.handle.ready()
  }

  end(): void {
    for (const off of this.offs) off()
  }

  private deliver({ epoch, offset, data }: Message): void {
    const { last, subscriber, record } = this
    const { channel, isLog } = this.what
    // An epoch that changed without a gap was rebased; how far rightly so, is found out at the end.
    if (isLog && last && last.epoch !== '' && last.epoch !== epoch) {
      record.add({ type: 'rebase', subscriber, channel, from: last.epoch, end: 0, to: epoch })
    }
    this.last = { epoch, offset }
    record.add({ type: 'deliver', subscriber, channel, id: (data as Payload).id, position: this.last })
  }
}
