import {
  CLOSE_CODES,
  DEFAULT_LIMITS,
  isProtocolError,
  serverCodec,
  truncateToBytes,
  utf8Bytes,
  type ClientFrame,
  type CloseCodeName,
  type ExplainedError,
} from '@org/realtime-protocol'
import type { Handshake, Transport, TransportHandler } from '../ports/index.js'
import { dispatch } from './dispatch.js'
import { encoded } from './encoded-frame.js'
import { connect } from './handlers/connect.js'
import { Heartbeat, type Pulse } from './heartbeat.js'
import { Inbox, type InboxOwner } from './inbox.js'
import { LinkCalls } from './link-calls.js'
import { LinkOutput } from './link-output.js'
import type { Node } from './node.js'
import { paced, pacedPing } from './pacing.js'
import type { Place } from './places.js'
import { RateLimit } from './rate-limit.js'
import type { Session } from './session.js'
import type { Subscription } from './subscription.js'
import type { WheelTask } from './timer-wheel.js'
import { TokenLife, type TokenHolder } from './token-life.js'
import { Undecided } from './undecided.js'

/** Bytes of a close reason that fit a control frame. */
const MAX_REASON_BYTES = 123

/** Time a peer has to end its side of a link that was closed, before it is cut. A stranger gets less than a user. */
const LAST_WORDS_MS = { open: 5_000, waiting: 1_000 }

/**
 * One link: wires transport, codec, inbox, send queue and heartbeat, and knows how none of them works.
 *
 * `waiting` for its connect frame → `connecting` while the application decides → `open` → `closed`.
 */
export class Connection extends LinkOutput implements TransportHandler, Pulse, InboxOwner, TokenHolder, WheelTask {
  /** Whose link this is, once it has claimed a session. */
  session: Session | undefined
  /** What the link is subscribed to, by channel. */
  readonly subscriptions = new Map<string, Subscription>()
  /** Generations of subscriptions the application has yet to decide on, by channel. */
  readonly pending = new Undecided()
  readonly inbox: Inbox
  /** Address of the client, behind whatever proxies are trusted. */
  readonly address: string

  /** What the link takes up on its node; given up when its socket is gone, not when it is closed. */
  place: Place | undefined

  /** Whether the link ended otherwise than by a goodbye, so that its client sends again what has no answer. */
  isLost = false

  private phase: 'waiting' | 'connecting' | 'open' | 'closed' = 'waiting'
  private confirmed = false
  private handshake: Handshake | undefined
  private pingedAt = -1
  private sent: RateLimit | undefined
  private called: LinkCalls | undefined
  private token: TokenLife | undefined
  private heartbeat: Heartbeat | undefined

  constructor(node: Node, transport: Transport, handshake: Handshake) {
    super(node, transport)
    const { limits } = node
    this.handshake = handshake
    this.address = handshake.remoteAddress
    this.inbox = new Inbox(limits.inboxFrames, limits.inFlight, this)
    node.wheel.schedule(this, limits.connectTimeoutMs)
  }

  // --- Inward: what the transport says ---

  receive(text: string): void {
    if (this.phase === 'closed') return
    this.node.instruments.received += 1
    if (this.isTooBig(text)) {
      this.node.limited('messageBytes', { peer: this.peer })
      return this.hangup('TOO_BIG')
    }
    const frame = serverCodec.decode(text)
    if (isProtocolError(frame)) return this.refuse(frame)
    this.confirm()
    if (this.phase !== 'open' || paced(this.node, this, frame)) this.handle(frame)
  }

  violated(expected: string): void {
    this.hangup('PROTOCOL_ERROR', `expected ${expected}`)
  }

  pinged(): void {
    if (this.phase !== 'closed') pacedPing(this.node, this)
  }

  drained(): void {
    for (const subscription of this.subscriptions.values()) {
      if (!subscription.live) subscription.channel.fill(subscription)
    }
    this.node.presence.hub.drained(this)
    this.goOn()
  }

  failed(error: unknown): void {
    this.node.logger.error('request failed', { peer: this.transport.peer, session: this.session?.id, error })
    this.hangup('STATE')
  }

  closed(code: number, reason: string): void {
    this.isLost ||= !this.isClosed
    // The WebSocket layer has judged the length itself, and that is all it says.
    if (code === 1009) this.node.limited('messageBytes', { peer: this.peer })
    this.node.logger.debug('link closed', { peer: this.transport.peer, session: this.session?.id, code, reason })
    this.end(code)
    this.node.wheel.cancel(this)
    this.place?.leave()
  }

  // --- Outward: what the engine says ---

  /** Says why, then closes the link. Everything said before goes out first. */
  hangup(name: CloseCodeName, detail?: string, retryAfterMs?: number): void {
    const { code, reason } = CLOSE_CODES[name]
    this.dismiss(code, detail ?? reason, retryAfterMs)
  }

  /** The same with any close code. */
  dismiss(code: number, reason: string, retryAfterMs?: number): void {
    if (this.phase === 'closed') return
    this.isLost = true
    const words = truncateToBytes(reason, MAX_REASON_BYTES)
    this.push(
      encoded({ type: 'closing', code, reason: words, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }),
    )
    this.close(code, words)
  }

  /** Closes the link without a word; what was said before goes out first. */
  close(code: number, reason: string): void {
    // Flushed here, not at the end of the turn: the transport sends nothing once it closes.
    this.flush()
    const ms = LAST_WORDS_MS[this.phase === 'open' ? 'open' : 'waiting']
    this.end(code)
    this.transport.close(code, reason)
    // The peer may never answer: its socket is not held for longer than its last words take.
    this.node.wheel.schedule(this, ms)
  }

  /** Opens the link for the session it was given, until its token expires. */
  open(expiresInMs: number | undefined): void {
    this.phase = 'open'
    this.place?.settle()
    this.handshake = undefined
    this.heartbeat = new Heartbeat(this, this.node.limits)
    this.node.wheel.schedule(this.heartbeat, this.node.limits.heartbeatMs)
    this.node.wheel.cancel(this)
    this.admit(expiresInMs)
  }

  /** Whether requests wait for their answer. */
  get isBusy(): boolean {
    return this.phase === 'connecting' || this.inbox.isBusy || (this.called?.isBusy ?? false)
  }

  /** Whether the client was told that it is connected, and is. */
  get isOpen(): boolean {
    return this.phase === 'open'
  }

  /** Whether the link is over. */
  get isClosed(): boolean {
    return this.phase === 'closed'
  }

  /** What the peer has sent. Counted from its first frame on. */
  get rate(): RateLimit {
    return (this.sent ??= new RateLimit(this.node.limits, this.node.clock.now(), this.receivedBytes))
  }

  /** Calls over this link, both ways. */
  get calls(): LinkCalls {
    return (this.called ??= new LinkCalls(this.node, this))
  }

  // --- Heartbeat ---

  /** The peer answered a ping, or said something unasked. */
  ponged(): void {
    if (this.pingedAt >= 0) this.node.instruments.pingTook((this.node.clock.now() - this.pingedAt) / 1_000)
    this.pingedAt = -1
  }

  ping(): void {
    this.pingedAt = this.node.clock.now()
    this.send(PING)
  }

  flatline(): void {
    this.node.limited('heartbeatTimeoutMs', { peer: this.peer })
    this.hangup('HEARTBEAT')
  }

  // --- Token ---

  /** The client may stay with the token it has shown, for as long as that lives; without a time, for good. */
  admit(expiresInMs: number | undefined): void {
    if (expiresInMs === undefined) return this.token?.end()
    const { clock, wheel, limits } = this.node
    this.token ??= new TokenLife(clock, wheel, limits.expiryNoticeMs, this)
    this.token.begin(expiresInMs)
  }

  /** Another token could not be judged now: the client is told again that its own expires. */
  remind(): void {
    this.token?.remind()
  }

  expiring(expiresInMs: number): void {
    this.say({ type: 'expiring', expiresInMs })
  }

  expired(): void {
    this.hangup('UNAUTHORIZED')
  }

  // --- Inside ---

  private handle(frame: ClientFrame): void {
    if (this.phase === 'open' && this.session) return dispatch(this.node, this, this.session, frame)
    if (this.phase === 'connecting' && frame.type === 'goodbye') return this.close(1000, '')
    if (this.phase !== 'waiting' || frame.type !== 'connect' || !this.handshake) {
      return this.hangup('PROTOCOL_ERROR', `${frame.type} before connected`)
    }
    this.phase = 'connecting'
    connect(this.node, this, frame, this.handshake).catch((error: unknown) => {
      this.node.logger.error('connect failed', { peer: this.transport.peer, error })
      this.hangup('STATE')
    })
  }

  /**
   * A `connect` frame is held to the default, since the client cannot know another limit yet. PROTOCOL.md §3.1. Most
   * messages are so short that nothing has to be counted.
   */
  private isTooBig(text: string): boolean {
    const { messageBytes } = this.phase === 'waiting' ? DEFAULT_LIMITS : this.node.limits
    return text.length * 3 > messageBytes && utf8Bytes(text) > messageBytes
  }

  private refuse(error: ExplainedError): void {
    const words = `${error.path || 'frame'}: expected ${error.expected}`
    const { ref } = error
    const isEnd = error.kind === 'malformed' || this.phase !== 'open'
    if (!isEnd) this.confirm()
    if (!isEnd && !paced(this.node, this, { type: 'unknown', ref })) return
    this.node.logger.warn('bad frame', { peer: this.transport.peer, kind: error.kind, path: error.path })
    if (isEnd) return this.hangup('PROTOCOL_ERROR', words)
    this.fail(ref, 'UNSUPPORTED', { message: `frame type ${error.path} is not served` })
  }

  /** The first frame after `connected`, known here or not, shows that the client has its new token. */
  private confirm(): void {
    const { session } = this
    if (this.confirmed || this.phase !== 'open' || !session) return
    this.confirmed = true
    this.node.sessions.confirm(session.id, session.owner).catch((error: unknown) => {
      this.node.logger.error('session store failed', { operation: 'confirm', error })
    })
  }

  /** The deadline of a link: for its connect frame while it waits for that, later for its end. */
  turn(): undefined {
    if (this.phase === 'closed') return void this.transport.terminate()
    this.node.limited('connectTimeoutMs', { peer: this.peer })
    this.hangup('CONNECT_TIMEOUT')
  }

  private end(code: number): void {
    if (this.phase === 'closed') return
    this.node.trace('disconnect', { session: this.session?.id, user: this.session?.user, peer: this.peer, code })
    this.phase = 'closed'
    this.handshake = undefined
    this.discard()
    this.goOn()
    this.node.wheel.cancel(this)
    this.token?.end()
    if (this.heartbeat) this.node.wheel.cancel(this.heartbeat)
    for (const subscription of this.subscriptions.values()) this.node.hub.leave(subscription)
    this.subscriptions.clear()
    this.pending.clear()
    this.node.presence.detach(this)
    if (this.session && this.node.registry.detach(this.session)) this.node.absent.add(this.session)
    this.node.door.left(this, code)
    // Last, since it tells the application.
    this.called?.end()
  }
}

const PING = encoded({ type: 'ping' })
