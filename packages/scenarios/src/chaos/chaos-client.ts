import { RealtimeClient, RealtimeError, type Channel, type Message } from '@org/realtime-client'
import { NULL_POSITION, type Position } from '@org/realtime-protocol'
import type { Record } from './record.js'

interface Payload {
  readonly id: string
  readonly pad: string
}

interface Subscribed {
  readonly handle: Channel
  readonly off: () => void
  /** Position of what was recorded last. */
  last: Position | undefined
}

/** A real client that lives as long as the run, and writes down what its application would see in the round there is. */
export class ChaosClient {
  private readonly client: RealtimeClient
  private record: Record | undefined
  private readonly subscribed = new Map<string, Subscribed>()
  /** Ids of ours by those that the client gave them. */
  private readonly idOf = new Map<string, string>()
  private published = 0
  /** Publishes of this round that have not settled. */
  pending = 0

  constructor(
    readonly name: string,
    url: string,
  ) {
    this.client = new RealtimeClient(url, {
      data: name,
      connectTimeoutMs: 2_000,
      // Patient about the outbox, so that a fault is never longer; impatient about coming back.
      reconnect: { minMs: 20, baseMs: 100, maxMs: 1_000 },
      outbox: { messages: 5_000, bytes: 8_388_608, ageMs: 240_000 },
    })
    this.client.on('connected', ({ session, hello }) => {
      const node = (hello as { node?: string } | null)?.node ?? ''
      this.record?.add({ type: 'conn.up', client: name, session, node, link: '' })
    })
    this.client.on('outbox', ({ id, data }) => void this.idOf.set(id, (data as Payload).id))
    this.client.on('rollback', ({ channel, ids }) => {
      if (!this.record || !this.channels.has(channel)) return
      const known = ids.map((id) => this.idOf.get(id) ?? id)
      this.record.add({ type: 'rollback', publisher: name, channel, ids: known })
    })
    this.client.on('error', ({ error }) => this.record?.unexpected(error))
  }

  private channels = new Set<string>()

  /** Begins a round: subscribes to its channels from now on, and resolves when it is subscribed. */
  async begin(record: Record, channels: readonly string[]): Promise<void> {
    this.record = record
    this.channels = new Set(channels)
    this.idOf.clear()
    this.pending = 0
    for (const channel of channels) this.listen(channel, record)
    await Promise.all([...this.subscribed.values()].map(({ handle }) => handle.ready()))
  }

  /** Ends a round. */
  end(): void {
    this.record = undefined
    for (const { off } of this.subscribed.values()) off()
    this.subscribed.clear()
  }

  /** Where the subscription to a channel stands. */
  position(channel: string): Position | undefined {
    return this.subscribed.get(channel)?.last
  }

  /** Publishes as a user would who waits for the answer. */
  publish(channel: string, padBytes: number): void {
    const { record, name } = this
    if (!record) return
    const id = `${name}-${++this.published}`
    const event = { publisher: name, channel, id }
    record.add({ type: 'pub.invoke', ...event })
    this.pending += 1
    const payload: Payload = { id, pad: 'x'.repeat(padBytes) }
    const settle = (): boolean => {
      if (this.record !== record) return false
      this.pending -= 1
      return true
    }
    this.client
      .channel(channel)
      .publish(payload)
      .then(
        ({ epoch, offset }) => settle() && record.add({ type: 'pub.ok', ...event, position: { epoch, offset } }),
        (error: unknown) => {
          if (!settle()) return
          if (!(error instanceof RealtimeError)) return record.unexpected(error)
          const { code } = error
          record.add({ type: code === 'UNKNOWN_OUTCOME' ? 'pub.unknown' : 'pub.fail', ...event, code })
        },
      )
  }

  close(): Promise<void> {
    return this.client.close()
  }

  private listen(channel: string, record: Record): void {
    const subscriber = this.name
    const handle = this.client.channel(channel)
    const offs = [
      handle.on('state', ({ status }) => {
        if (status !== 'subscribed' || subscribed.last) return
        subscribed.last = handle.position ?? NULL_POSITION
        record.add({ type: 'sub.ok', subscriber, channel, position: subscribed.last })
      }),
      handle.on('message', (message) => this.deliver(subscribed, message, record)),
      handle.on('gap', ({ reason, from, to, position }) => {
        subscribed.last = position
        record.add({ type: 'gap', subscriber, channel, reason, from, to, position })
      }),
    ]
    const subscribed: Subscribed = { handle, last: undefined, off: () => offs.forEach((off) => off()) }
    this.subscribed.set(channel, subscribed)
  }

  private deliver(subscribed: Subscribed, { channel, epoch, offset, data }: Message, record: Record): void {
    const { last } = subscribed
    // An epoch that changed without a gap was rebased; how far rightly so, is found out at the end.
    if (last && last.epoch !== '' && last.epoch !== epoch) {
      record.add({ type: 'rebase', subscriber: this.name, channel, from: last.epoch, end: 0, to: epoch })
    }
    subscribed.last = { epoch, offset }
    const { id } = data as Payload
    record.add({ type: 'deliver', subscriber: this.name, channel, id, position: subscribed.last })
  }
}
