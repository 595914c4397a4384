import type { Position, PresenceAction, Since } from '@org/realtime-protocol'
import { RealtimeError } from './core/errors.js'
import { merged, type Snapshot } from './core/presence.js'
import type { ChannelState, HistoryPage, Message, PresenceList, Published } from './core/events.js'
import { hubOf, type Engine, type Hub } from './engine.js'
import type { ChannelEvents, ChannelPresence, ListenOptions } from './events.js'
import { listen, until } from './listening.js'
import { iterate, type GapItem, type MessageItem, type MessageIterator } from './messages.js'
import type { HistoryOptions, MessagesOptions, PublishOptions, SendOptions, WaitOptions } from './options.js'
import { ask, send } from './requests.js'
import { size } from './size.js'

/** Not a channel name: empty, control characters, or half of a surrogate pair. PROTOCOL.md §4. */
const BAD_NAME = /^$|\p{Cc}|\p{Cs}/u

/**
 * A handle on a channel. Handles of one name share one subscription: the first message listener or iterator starts it,
 * and it ends 1 s after the last one left. `In` is what is published, `Out` what is received, `Shows` what a member of its
 * presence gives of itself and `Seen` what others get of it.
 */
export class Channel<In = unknown, Out = unknown, Shows = unknown, Seen = unknown> {
  /** The channel's name. */
  declare readonly name: string
  declare private readonly engine: Engine
  declare private readonly hub: Hub
  declare private readonly since: Since | undefined

  /**
   * Made by `client.channel()`.
   *
   * @internal
   */
  constructor(engine: Engine, name: string, since?: Since) {
    if (BAD_NAME.test(name) || size(name) > 255) throw new RealtimeError('INVALID_CHANNEL')
    Object.assign(this, { name, engine, hub: hubOf(engine, name), since })
  }

  /** What the subscription is doing. */
  get state(): ChannelState {
    return this.hub.state
  }

  /**
   * The position of the last message that was delivered, that is, of which all listeners were called. Absent while
   * there is no subscription or it has not started yet. Listeners still see the one before.
   */
  get position(): Position | undefined {
    return this.hub.position
  }

  /**
   * Listens. A `message` listener subscribes, those for `join`, `leave` and `presence` watch who is present; the others
   * only hear what happens while somebody subscribes.
   *
   * @returns A function that ends the listening.
   */
  on<E extends keyof ChannelEvents>(
    event: E,
    listener: (event: ChannelEvents<Out, Seen>[E]) => void,
    options?: ListenOptions,
  ): () => void {
    return listen(this.engine, this.name, event, listener, options, this.since)
  }

  /**
   * Waits until the channel is subscribed. Does not subscribe by itself: add a `message` listener or an iterator first.
   *
   * @throws {@link RealtimeError} `UNSUBSCRIBED` when nobody listens for messages, now or later; why the subscription was refused; `CLOSED` or why the client ended; `ABORTED`.
   */
  ready({ signal }: WaitOptions = {}): Promise<void> {
    return until(this.engine, this.name, 'subscribed', signal)
  }

  /**
   * Publishes. Resolves when the message is stored. Until then it is in the outbox and is sent again by itself, over
   * any number of links, without being stored twice. The promise carries the id of the publication at once.
   *
   * @throws {@link RealtimeError} `FORBIDDEN`, `REFUSED`, `INVALID_DATA` and others of the server; `TOO_LARGE`,
   * `OUTBOX_FULL`, `EXPIRED`, `UNKNOWN_OUTCOME`, `ABORTED`, `CLOSED`.
   */
  publish(data: In, options: PublishOptions = {}): Promise<Published> & { readonly id: string } {
    const { signal, ...extra } = options
    const channel = this.name
    return ask(this.engine, { type: 'publish', line: channel, fields: { channel, data, ...extra } }, signal)
  }

  /**
   * Sends a message at most once, for what only matters now, such as typing signs and cursors. Nobody says whether it
   * arrived; it is dropped when there is no connection.
   *
   * @throws {@link RealtimeError} `INVALID_DATA` when the data is no JSON; `TOO_LARGE`.
   */
  send(data: In, { meta }: SendOptions = {}): void {
    send(this.engine, { channel: this.name, data, meta })
  }

  /** Who is present in the channel. Needs no subscription. Listen for `presence`, `join` and `leave` to follow it. */
  get presence(): ChannelPresence<Shows, Seen> {
    const { engine, name: channel } = this
    const request = <T>(action: PresenceAction, data?: Shows, signal?: AbortSignal) => {
      // Entering and leaving wait for one another, and looking for other looks.
      const line = (action === 'get' ? '\t' : '\n') + channel
      return ask<T>(engine, { type: 'presence', line, fields: { channel, action, data } }, signal)
    }
    return {
      enter: (...[data]) => request<unknown>('enter', data).then(() => {}),
      leave: () => request<unknown>('leave').then(() => {}),
      get: async ({ signal } = {}) => {
        const { count = 0, members } = await request<Snapshot>('get', undefined, signal)
        return { count, members: members && [...merged(members).values()] } as PresenceList<Seen>
      },
    }
  }

  /**
   * Loops over the messages. Subscribes now; ends when the loop is left, the signal aborts or the client is closed. It
   * keeps 1,000 messages for a slow reader. With `gaps`, gaps are items; `item.gap` tells them apart.
   *
   * @throws {@link RealtimeError} `ITERATOR_OVERFLOW`; why the subscription or the client ended.
   */
  messages(options: MessagesOptions & { readonly gaps: true }): MessageIterator<MessageItem<Out> | GapItem>
  /**
   * Loops over the messages. Subscribes now; ends when the loop is left, the signal aborts or the client is closed. It
   * keeps 1,000 messages for a slow reader.
   *
   * @throws GapError in the place of messages that are missing.
   * @throws {@link RealtimeError} `ITERATOR_OVERFLOW`; why the subscription or the client ended.
   */
  messages(options?: MessagesOptions): MessageIterator<Message<Out>>
  messages(options: MessagesOptions = {}): MessageIterator<never> {
    return iterate<Out>(this, options) as MessageIterator<never>
  }

  /**
   * Reads the log: the latest messages, or those after or before a position. Needs no subscription and moves none.
   *
   * @throws {@link RealtimeError} `POSITION_LOST`, `FORBIDDEN` and others of the server; `TIMEOUT`, `ABORTED`, `CLOSED`.
   */
  history({ limit = 100, after, before, signal }: HistoryOptions = {}): Promise<HistoryPage<Out>> {
    const channel = this.name
    const fields = { channel, limit: Math.max(1, limit | 0), after, before: after ? undefined : before }
    return ask(this.engine, { type: 'history', line: channel, fields }, signal)
  }
}
