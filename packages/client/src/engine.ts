import { clientCodec, type ClientFrame, type Position } from '@org/realtime-protocol'
import { EventEmitter } from 'eventemitter3'
import { chosen, configOf } from './config.js'
import { RealtimeError } from './core/errors.js'
import type { ChannelState } from './core/events.js'
import { newSession, type SessionInput, type SessionState } from './core/session-state.js'
import { upsert } from './core/upsert.js'
import type { TimerKey } from './core/turn.js'
import type { ClientOptions } from './options.js'
import { systemClock } from './platform/clock.js'
import { systemNetwork } from './platform/network.js'
import { systemRandom } from './platform/random.js'
import type { Clock } from './ports/clock.js'
import type { Logger } from './ports/logger.js'
import type { Network } from './ports/network.js'
import type { Random } from './ports/random.js'
import type { Link, Transport } from './ports/transport.js'
import type { Handler, Job } from './serving.js'
import { size } from './size.js'
import { webSocketTransport } from './transport/websocket.js'

/** What all handles of a channel share: where it stands, and who listens. */
export interface Hub extends EventEmitter {
  state: ChannelState
  position?: Position | undefined
}

/** Takes what becomes of a request. */
export type Settle = (error?: RealtimeError | false, value?: unknown) => void

/** What connects a client with the world. */
interface Ports {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly transport: Transport
  readonly logger: Logger
}

/** What a client has while it runs: what its session knows, which only `step` writes, and what does what that wants. */
export interface Engine extends SessionState, Ports {
  readonly options: ClientOptions
  readonly hubs: Map<string, Hub>
  readonly sockets: Map<number, Link>
  readonly alarms: Map<TimerKey, unknown>
  /** Requests that somebody waits for, by id. */
  readonly jobs: Map<string, Settle>
  /** Methods that are served, by name. */
  readonly handlers: Map<string, Handler>
  /** Calls of the server that run. */
  readonly running: Set<Job>
  /** What waits for its step, what is being done included. */
  readonly queue: SessionInput[]
  /** Aborts when the session is closed. */
  readonly ending: AbortController
  /** Whether the application said `close`. After that only the end itself is news. */
  over: boolean
  unwatch?: () => void
}

/** What a client has before it did anything. */
export function createEngine(url: string, options: ClientOptions): Engine {
  const ports = chosen<Ports>(
    {
      clock: systemClock,
      random: systemRandom,
      network: systemNetwork,
      transport: webSocketTransport(options.WebSocket ?? globalThis.WebSocket),
      logger: {},
    },
    options,
  )
  return {
    ...ports,
    options,
    ...newSession(configOf(url, options, ports.random)),
    hubs: new Map(),
    sockets: new Map(),
    alarms: new Map(),
    jobs: new Map(),
    handlers: new Map(),
    running: new Set(),
    queue: [],
    ending: new AbortController(),
    over: false,
  }
}

/** What the handles of a channel share. The client itself has the empty name, which no channel can have. */
export function hubOf({ hubs }: Engine, channel: string): Hub {
  return upsert(hubs, channel, () => {
    const status = channel ? 'unsubscribed' : 'idle'
    return Object.assign(new EventEmitter(), { state: { status } as ChannelState })
  })
}

/** Tells every listener, whatever the others do. Returns how many there are. */
export function tell(engine: Engine, channel: string, event: string, detail: unknown): number {
  const listeners = hubOf(engine, channel).listeners(event)
  for (const listener of listeners) {
    if (!engine.over || /state|outbox/.test(event)) guard(engine, () => listener(detail) as unknown, event)
  }
  return listeners.length
}

/** Does something that may throw: ports and callbacks are other people's. What an `error` listener throws ends here. */
export function guard<T>(engine: Engine, does: () => T, event?: string): T | undefined {
  try {
    return does()
  } catch (error) {
    if (event !== 'error') fault(engine, error)
    return undefined
  }
}

/** Tells what was thrown and nobody waits for. */
export function fault(engine: Engine, error: unknown): void {
  if (!tell(engine, '', 'error', { error })) engine.logger.error?.('listener', error)
}

/** Sends what a listener or a caller made, which may be anything. */
export function sendChecked({ sockets, connected }: Engine, link: number, frame: ClientFrame): void {
  const text = clientCodec.encode(frame)
  // What the server does not take would end the link.
  if (size(text) > (connected?.limits.messageBytes ?? 0)) throw new RealtimeError('TOO_LARGE')
  sockets.get(link)?.send(text)
}
