import {
  ERROR_CODES,
  type ClientFrame,
  type ConnectedFrame,
  type ErrorCode,
  type ServerFrame,
  type SubscribedFrame,
} from '@org/realtime-protocol'
import {
  RealtimeClient,
  type ClientOptions,
  type Link,
  type LinkEvents,
  type Network,
  type NetworkEvent,
  type Random,
  type Transport,
} from '../../src/index.js'
import { VirtualClock } from '../../src/testing/index.js'
import { settled } from './settled.js'

type FrameOf<T extends ClientFrame['type']> = Extract<ClientFrame, { type: T }>

/** The server's end of a link, in the hands of a test. */
export class FakeLink implements Link {
  readonly sent: ClientFrame[] = []
  hungUp: { readonly code: number; readonly reason: string } | undefined
  readonly bufferedBytes = 0

  constructor(
    readonly url: string,
    readonly subprotocol: string,
    readonly dialledAt: number,
    private readonly events: LinkEvents,
  ) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text) as ClientFrame)
  }

  close(code: number, reason: string): void {
    this.hungUp ??= { code, reason }
  }

  /** The socket opens. */
  open(): void {
    this.events.opened()
  }

  /** The server says something. */
  say(...frames: readonly ServerFrame[]): void {
    for (const frame of frames) this.events.message(JSON.stringify({ ...retryable(frame), ...frame }))
  }

  /** The server says anything. */
  text(text: string): void {
    this.events.message(text)
  }

  /** The socket ends. */
  end(code = 1006, reason = ''): void {
    this.events.closed(code, reason)
  }

  /** The socket opens and the server accepts. */
  accept(fields: Partial<ConnectedFrame> = {}): this {
    this.open()
    this.say(connected(fields))
    return this
  }

  /** Frames of one type the client sent. */
  of<T extends ClientFrame['type']>(type: T): Array<FrameOf<T>> {
    return this.sent.filter((frame): frame is FrameOf<T> => frame.type === type)
  }

  /** The latest frame of one type. */
  last<T extends ClientFrame['type']>(type: T): FrameOf<T> {
    const frame = this.of(type).at(-1)
    if (!frame) throw new Error(`no ${type} frame was sent`)
    return frame
  }

  /** Answers the latest request to subscribe to a channel. */
  subscribed(channel: string, epoch: string, offset: number, fields: Partial<SubscribedFrame> = {}): void {
    this.say({
      type: 'subscribed',
      channel,
      generation: this.generation(channel),
      position: { epoch, offset },
      head: offset,
      ...fields,
    })
  }

  /** Generation of the latest request to subscribe to a channel. */
  generation(channel: string): number {
    const asked = this.sent
      .flatMap((frame) =>
        frame.type === 'connect' ? (frame.subscriptions ?? []) : frame.type === 'subscribe' ? [frame] : [],
      )
      .filter((request) => request.channel === channel)
      .at(-1)
    if (!asked) throw new Error(`nobody subscribed to ${channel}`)
    return asked.generation
  }

  /** Delivers messages `from`..`to` of a channel. */
  publish(channel: string, epoch: string, from: number, to = from): void {
    for (let offset = from; offset <= to; offset++) this.say(publication(channel, epoch, offset))
  }
}

/** A frame that accepts a connection. */
export function connected(fields: Partial<ConnectedFrame> = {}): ConnectedFrame {
  return {
    type: 'connected',
    session: { id: 's1', token: 't1' },
    resumed: false,
    user: 'ada',
    heartbeatMs: 25_000,
    limits: { messageBytes: 65_536, channels: 128, inFlight: 64 },
    ...fields,
  }
}

/** A message. Its data is its offset. */
export function publication(channel: string, epoch: string, offset: number): ServerFrame {
  return { type: 'publication', channel, epoch, offset, id: `${epoch}-${offset}`, at: 0, data: offset }
}

/** A network that goes away and comes back when a test says so. */
export class FakeNetwork implements Network {
  online = true
  readonly listeners = new Set<(event: NetworkEvent) => void>()

  watch(listener: (event: NetworkEvent) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  tell(event: NetworkEvent): void {
    if (event.endsWith('line')) this.online = event === 'online'
    for (const listener of this.listeners) listener(event)
  }
}

/** Chance that a test decides. Ids count up. */
export class FakeRandom implements Random {
  next = 0.5
  private count = 0

  fraction(): number {
    return this.next
  }

  id(): string {
    return `id${String(++this.count).padStart(20, '0')}`
  }
}

/** A client and everything around it. */
export class World {
  readonly clock = new VirtualClock()
  readonly network = new FakeNetwork()
  readonly random = new FakeRandom()
  readonly links: FakeLink[] = []
  readonly client: RealtimeClient
  readonly transport: Transport = {
    dial: (url, subprotocol, events) => {
      const link = new FakeLink(url, subprotocol, this.clock.now(), events)
      this.links.push(link)
      return link
    },
  }

  constructor(options: ClientOptions = {}, Client = RealtimeClient) {
    this.client = new Client('wss://example.test/realtime', { ...this.ports, ...options })
  }

  get ports() {
    const { transport, clock, random, network } = this
    return { transport, clock, random, network }
  }

  /** The latest link. */
  get link(): FakeLink {
    const link = this.links.at(-1)
    if (!link) throw new Error('nothing was dialled')
    return link
  }

  /** Connects and accepts. */
  async connect(fields: Partial<ConnectedFrame> = {}): Promise<FakeLink> {
    this.client.connect()
    await settled()
    return this.link.accept(fields)
  }

  /** Lets the link break, and accepts the next one. */
  async reconnect(fields: Partial<ConnectedFrame> = {}, code = 1006): Promise<FakeLink> {
    const { length } = this.links
    this.link.end(code)
    await this.clock.advance(this.client.state.retryInMs ?? 0)
    if (this.links.length === length) throw new Error('nothing was dialled')
    return this.link.accept(fields)
  }
}

/** What a promise came to. */
export async function outcome(promise: Promise<unknown>): Promise<unknown> {
  let result: unknown = 'pending'
  promise.then(
    (value) => (result = value),
    (error: unknown) => (result = (error as { code?: string }).code ?? error),
  )
  await settled()
  return result
}

/** What a server says with every error that can pass. PROTOCOL.md §7.1. */
function retryable(frame: ServerFrame): object {
  const code = 'message' in frame ? frame.code : ''
  return ERROR_CODES[code as ErrorCode]?.retryable ? { retryable: true } : {}
}
