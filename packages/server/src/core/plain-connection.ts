import type { CloseCodeName } from '@org/realtime-protocol'
import { CLOSE_CODES, isChannelName, truncateToBytes, utf8Bytes } from '@org/realtime-protocol'
import type { EncodedFrame, Handshake, Transport, TransportHandler } from '../ports/index.js'
import { Heartbeat, type Pulse } from './heartbeat.js'
import { Inbox, type InboxOwner } from './inbox.js'
import type { Node } from './node.js'
import { Outlet } from './outlet.js'
import type { Place } from './places.js'
import { isGap, isPublication, plainFrame, rawData } from './plain-frames.js'
import { RateLimit } from './rate-limit.js'
import { Subscription, type SubscriberLink } from './subscription.js'
import { RealtimeError, wireError } from './wire-errors.js'

/** A WebSocket without our subprotocol, as the application sees it: text in, text out. */
export interface PlainConnection {
  /** Names the connection among all others. */
  readonly id: string
  /** Address of the peer. */
  readonly peer: string
  /** Whether it is over. Sending then does nothing. */
  readonly isClosed: boolean
  /** Sends a text. A peer that reads too slowly is closed with 4003. */
  send(text: string): void
  /**
   * Has it get the data of every publication to a channel from now on: a text as it is, anything else as JSON. No rule
   * is asked. When publications were lost before they could be sent, it is closed with 4005, since it could not be told.
   *
   * @throws {@link RealtimeError} `INVALID_CHANNEL`, `UNKNOWN_CHANNEL`, or `LIMIT_EXCEEDED` above `channels`.
   */
  join(channel: string): void
  /** Ends that. */
  leave(channel: string): void
  /**
   * Closes it. What was sent before goes out first.
   *
   * @param code Close code: 1000 (the default), or 3000 to 4999.
   * @param reason Why, at most 123 bytes.
   * @throws TypeError when the code is another, or the reason no text.
   */
  close(code?: number, reason?: string): void
}

/**
 * What the application does with plain connections. Each method may be asynchronous; those of one connection run one
 * after the other. One that throws is logged, and closes the connection with 4005.
 */
export interface PlainHandler {
  /**
   * There is a new one. This is the place to look who it is, and to close it when it is nobody. When it takes longer than
   * `connectTimeoutMs` (10 s), the connection is closed with 4005.
   */
  open?(connection: PlainConnection, handshake: Handshake): void | Promise<void>
  /** It sent a text. */
  message?(connection: PlainConnection, text: string): void | Promise<void>
  /** One that `open` was called for is over. */
  close?(connection: PlainConnection, end: { readonly code: number; readonly reason: string }): void | Promise<void>
}

/** Bytes of a close reason that fit a control frame. */
const MAX_REASON_BYTES = 123

/** One link that does not speak our protocol: wires transport, inbox, send queue and memberships for the application. */
export class PlainLink extends Outlet implements PlainConnection, TransportHandler, Pulse, InboxOwner {
  readonly id: string
  /** What it is a member of, by channel. */
  readonly subscriptions = new Map<string, Subscription>()
  isClosed = false
  /** What it takes up of its node. */
  place: Place | undefined

  private readonly inbox: Inbox
  private readonly rate: RateLimit
  private readonly heartbeat: Heartbeat
  private readonly deadline = { turn: () => this.late() }
  /** Whether the application was told that it is there. */
  private isShown = false

  constructor(
    node: Node,
    transport: Transport,
    private readonly handler: PlainHandler,
  ) {
    super(node, transport)
    const { limits, random, clock } = node
    this.id = random.id()
    this.inbox = new Inbox(limits.inboxFrames, limits.inboxFrames, this)
    this.rate = new RateLimit(limits, clock.now())
    this.heartbeat = new Heartbeat(this, limits)
  }

  /** Shows it to the application, unless it was turned away. */
  open(handshake: Handshake): void {
    if (this.isClosed) return
    const { wheel, limits } = this.node
    this.isShown = true
    wheel.schedule(this.heartbeat, limits.heartbeatMs)
    wheel.schedule(this.deadline, limits.connectTimeoutMs)
    this.run(async () => {
      await this.handler.open?.(this, handshake)
      if (this.isClosed) return
      wheel.cancel(this.deadline)
      this.place?.settle()
    })
  }

  // --- What the application says ---

  send(text: string): void {
    this.enqueue(plainFrame(text))
  }

  join(channel: string): void {
    if (this.isClosed || this.subscriptions.has(channel)) return
    if (!isChannelName(channel)) throw RealtimeError.from(wireError('INVALID_CHANNEL'))
    if (!this.node.isDeclared(channel)) throw RealtimeError.from(wireError('UNKNOWN_CHANNEL'))
    if (this.subscriptions.size >= this.node.limits.channels) throw RealtimeError.from(wireError('LIMIT_EXCEEDED'))
    const subscription = new Subscription(this.node.hub.join(channel), new Membership(this), 0)
    this.subscriptions.set(channel, subscription)
    void subscription.channel.start(subscription, undefined)
  }

  leave(channel: string): void {
    const subscription = this.subscriptions.get(channel)
    if (!subscription) return
    this.subscriptions.delete(channel)
    this.node.hub.leave(subscription)
  }

  close(code = 1000, reason = ''): void {
    if (code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
      throw new TypeError(`${code} is no code to close with: use 1000, or 3000 to 4999`)
    }
    // Bytes would go out as they are, with whatever else is in their memory.
    if (typeof reason !== 'string') throw new TypeError('the reason to close with must be a text')
    this.finish(code, truncateToBytes(reason, MAX_REASON_BYTES))
  }

  // --- What the transport says ---

  receive(text: string): void {
    if (this.isClosed) return
    const { limits, instruments } = this.node
    instruments.received += 1
    // The WebSocket layer lets through what a `connect` frame may have, and other transports whatever they like.
    if (text.length * 3 > limits.messageBytes && utf8Bytes(text) > limits.messageBytes) {
      this.node.limited('messageBytes', { peer: this.peer })
      return this.finish(MESSAGE_TOO_BIG, 'a message is too big')
    }
    if (!this.rate.take(this.node.clock.now(), this.receivedBytes)) return this.exceed(this.rate.exceeded)
    if (!this.run(async () => this.handler.message?.(this, text))) this.exceed('inboxFrames')
  }

  violated(expected: string): void {
    this.hangup('PROTOCOL_ERROR', `expected ${expected}`)
  }

  pinged(): void {
    if (!this.isClosed && !this.rate.take(this.node.clock.now(), this.receivedBytes)) this.exceed(this.rate.exceeded)
  }

  drained(): void {
    for (const subscription of this.subscriptions.values()) {
      if (!subscription.live) subscription.channel.fill(subscription)
    }
  }

  closed(code: number, reason: string): void {
    // The WebSocket layer has judged the length itself, and that is all it says.
    if (code === MESSAGE_TOO_BIG && !this.isClosed) this.node.limited('messageBytes', { peer: this.peer })
    this.end(code, reason)
    this.node.wheel.cancel(this.deadline)
    this.place?.leave()
  }

  failed(error: unknown): void {
    this.node.logger.error('plain handler failed', { peer: this.peer, id: this.id, error })
    this.hangup('STATE')
  }

  // --- What the engine says ---

  /** Closes it for a reason of ours. The close code is all that is said. */
  hangup(name: CloseCodeName, detail?: string, _retryAfterMs?: number): void {
    const { code, reason } = CLOSE_CODES[name]
    this.finish(code, truncateToBytes(detail ?? reason, MAX_REASON_BYTES))
  }

  get isBusy(): boolean {
    return this.inbox.isBusy
  }

  // --- Heartbeat ---

  /** Below the protocol, since the peer does not speak ours. */
  ping(): void {
    this.transport.ping()
  }

  flatline(): void {
    this.node.limited('heartbeatTimeoutMs', { peer: this.peer })
    this.hangup('HEARTBEAT')
  }

  // --- Inside ---

  /** Runs a method of the application after those before it. */
  private run(task: () => Promise<void>): boolean {
    return this.inbox.run('', task)
  }

  /** The deadline of a link: for the application to look at it, later for its end. */
  private late(): undefined {
    if (this.isClosed) return void this.transport.terminate()
    this.node.limited('connectTimeoutMs', { peer: this.peer })
    this.failed(new Error('open() of the plain handler takes too long'))
  }

  /** There is no way to tell the peer to wait: what would be refused elsewhere ends a plain connection. */
  private exceed(limit: 'messagesPerSecond' | 'bytesPerSecond' | 'inboxFrames'): void {
    this.node.limited(limit, { peer: this.peer })
    this.hangup('ABUSE')
  }

  private finish(code: number, reason: string): void {
    if (this.isClosed) return
    this.flush()
    this.end(code, reason)
    this.transport.close(code, reason)
    this.node.wheel.schedule(this.deadline, LAST_WORDS_MS)
  }

  private end(code: number, reason: string): void {
    if (this.isClosed) return
    this.isClosed = true
    this.discard()
    this.node.wheel.cancel(this.heartbeat)
    for (const channel of [...this.subscriptions.keys()]) this.leave(channel)
    this.node.door.left(this, code)
    if (!this.isShown) return
    const tell = async () => this.handler.close?.(this, { code, reason })
    // In its place after what is still being handled, unless too much is.
    if (!this.run(tell)) tell().catch((error: unknown) => this.failed(error))
  }
}

/** The code of the WebSocket layer for a message that is too long. */
const MESSAGE_TOO_BIG = 1009

/** Time a peer gets to answer the closing of its link. */
const LAST_WORDS_MS = 5_000

/** The place of a plain link in a channel: gets data instead of frames. */
class Membership implements SubscriberLink {
  constructor(private readonly link: PlainLink) {}

  offer(frame: EncodedFrame, canWait?: boolean): boolean {
    return this.link.offer(rawData(frame), canWait)
  }

  /** Where a subscription starts, and that an epoch has changed, is nothing to those who have no positions. */
  send(frame: EncodedFrame): void {
    if (isGap(frame)) this.link.hangup('STATE', 'messages were lost')
    else if (isPublication(frame)) this.link.enqueue(rawData(frame))
  }

  get congested(): boolean {
    return this.link.congested
  }
}
