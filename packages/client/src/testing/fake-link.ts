import {
  closePolicy,
  isProtocolError,
  serverCodec,
  type CallFrame,
  type ClientFrame,
  type CloseCodeName,
  type ErrorCode,
  type ServerFrame,
  type WireError,
} from '@org/realtime-protocol'
import type { Link, LinkEvents } from '../ports/transport.js'
import type { FakeHub, FakeSession } from './fake-hub.js'
import { connect, refresh } from './fake-identity.js'
import { answer } from './fake-requests.js'
import { thrownError, wireError } from './wire-error.js'

/** How a link ends that nobody closed. */
const LOST = 1006

interface PendingCall {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** One link of a client to a fake server, both ends of it. */
export class FakeLink implements Link {
  readonly bufferedBytes = 0
  session: FakeSession | undefined
  /** Channels that are subscribed, by the key of their log. */
  readonly subscriptions = new Map<string, number>()
  /** Channels whose presence is watched. */
  readonly watched = new Set<string>()
  private isOver = false
  /** Whether what is still under way is lost. */
  private isLost = false
  private work = Promise.resolve()
  private readonly running = new Map<number, AbortController>()
  private readonly pending = new Map<number, PendingCall>()
  private refs = 0

  constructor(
    readonly hub: FakeHub,
    private readonly events: LinkEvents,
  ) {}

  /** Begins: the client hears that it is open. */
  open(): void {
    this.hub.links.add(this)
    this.hub.later(() => {
      if (!this.isLost) this.events.opened()
    })
  }

  // --- The client's end ---

  send(text: string): void {
    if (this.isOver) return
    this.hub.later(() => {
      if (!this.isOver) this.receive(text)
    })
  }

  close(code: number, reason: string): void {
    this.hub.later(() => this.end(code, reason))
  }

  // --- The server's end ---

  say(frame: ServerFrame): void {
    if (this.isOver) return
    const text = serverCodec.encode(frame)
    this.hub.later(() => {
      if (!this.isLost) this.events.message(text)
    })
  }

  fail(ref: number, code: ErrorCode | WireError): void {
    this.say({ type: 'error', ref, ...(typeof code === 'string' ? wireError(code) : code) })
  }

  /** Ends the link with a code of the protocol, after all that was said. */
  hangup(name: CloseCodeName | number, detail?: string): void {
    const { code, reason } = this.hub.close(name)
    const words = detail ?? reason
    if (code >= 4000) this.say({ type: 'closing', code, reason: words })
    if (this.session && closePolicy(code) === 'terminal') this.hub.forget(this.session)
    this.end(code, words)
  }

  /** The network breaks. What is under way is lost. */
  break(): void {
    this.isLost = true
    this.end(LOST, '')
  }

  /** Ends what has been refused meanwhile. */
  reconsider(): void {
    for (const [key, generation] of this.subscriptions) {
      const refusal = this.hub.ruleFor(this.hub.refused, key)
      if (!refusal) continue
      this.subscriptions.delete(key)
      this.say({ type: 'unsubscribed', channel: key, generation, ...refusal })
    }
  }

  /** Calls a method of the client. */
  call(method: string, data: unknown): Promise<unknown> {
    const ref = ++this.refs
    return new Promise((resolve, reject) => {
      this.pending.set(ref, { resolve, reject })
      this.say({ type: 'call', ref, method, data })
    })
  }

  private receive(text: string): void {
    const frame = serverCodec.decode(text)
    if (!isProtocolError(frame)) return this.take(frame)
    if (frame.kind === 'malformed') this.hangup('PROTOCOL_ERROR', `${frame.path}: expected ${frame.expected}`)
    else if (frame.ref !== undefined) this.fail(frame.ref, 'UNSUPPORTED')
  }

  private take(frame: ClientFrame): void {
    const { session } = this
    if (frame.type === 'goodbye') return this.leave()
    if (frame.type === 'connect') return this.inOrder(() => connect(this, frame))
    if (frame.type === 'ping') return this.say({ type: 'pong' })
    if (!session) return this.hangup('PROTOCOL_ERROR', `${frame.type} before connected`)
    if (frame.type === 'refresh') return this.inOrder(() => refresh(this, frame))
    if (frame.type === 'call') return void this.run(frame, session)
    if (frame.type === 'cancel') return this.running.get(frame.ref)?.abort()
    if (frame.type === 'result') return this.settle(frame.ref, ({ resolve }) => resolve(frame.data))
    if (frame.type === 'error') return this.settle(frame.ref, ({ reject }) => reject(errorOf(frame)))
    if (frame.type !== 'pong') this.inOrder(() => answer(this, session, frame))
  }

  /** Frames are done one after the other; calls side by side. */
  private inOrder(does: () => Promise<void> | void): void {
    this.work = this.work.then(does).catch((error: unknown) => this.hangup('STATE', String(error).slice(0, 100)))
  }

  private async run({ ref, method, data, meta }: CallFrame, { id, user }: FakeSession): Promise<void> {
    const { hub, running } = this
    const ending = new AbortController()
    running.set(ref, ending)
    const call = { method, input: data, meta, user, session: id }
    hub.calls.add(call)
    const handler = hub.methods.get(method)
    try {
      if (!handler) return this.fail(ref, wireError('UNKNOWN_METHOD', `the fake server has no onCall('${method}')`))
      const result = await handler(data as never, { ...call, signal: ending.signal })
      if (!ending.signal.aborted) this.say({ type: 'result', ref, data: result })
    } catch (error) {
      if (!ending.signal.aborted) this.fail(ref, thrownError(error))
    } finally {
      running.delete(ref)
    }
  }

  private settle(ref: number | undefined, how: (call: PendingCall) => void): void {
    const call = ref === undefined ? undefined : this.pending.get(ref)
    this.pending.delete(ref ?? 0)
    if (call) how(call)
  }

  /** The client says goodbye: its session is over. */
  private leave(): void {
    const { session, hub } = this
    if (session) hub.forget(session)
    this.end(1000, '')
  }

  private end(code: number, reason: string): void {
    if (this.isOver) return
    this.isOver = true
    this.hub.links.delete(this)
    for (const ending of this.running.values()) ending.abort()
    for (const { reject } of this.pending.values()) reject(errorOf(wireError('UNKNOWN_OUTCOME')))
    if (this.session?.link === this) this.hub.lose(this.session)
    this.hub.later(() => this.events.closed(code, reason))
  }
}

function errorOf({ code, message }: WireError): Error {
  return Object.assign(new Error(message), { name: 'RealtimeError', code })
}
