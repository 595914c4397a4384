import {
  clientCodec,
  SUBPROTOCOL,
  type ClientFrame,
  type Position,
  type SendFrame,
  type Since,
} from '@org/realtime-protocol'
import { EventEmitter } from 'eventemitter3'
import { configOf } from './config.js'
import { RealtimeError } from './core/errors.js'
import type { ChannelState, ClientState } from './core/events.js'
import type { Draft } from './core/outbox.js'
import { describe, step } from './core/session-machine.js'
import { newSession, type SessionInput, type SessionState } from './core/session-state.js'
import type { Effect, TimerKey } from './core/turn.js'
import { upsert } from './core/upsert.js'
import type { ListenOptions } from './events.js'
import type { ClientOptions, TokenSource } from './options.js'
import { createServing, type Serving } from './serving.js'
import { size } from './size.js'
import { systemClock } from './platform/clock.js'
import { systemNetwork } from './platform/network.js'
import { systemRandom } from './platform/random.js'
import type { NetworkEvent } from './ports/network.js'
import type { Link } from './ports/transport.js'
import { webSocketTransport } from './transport/websocket.js'

/** What all handles of a channel share. */
export interface Hub {
  state: ChannelState
  position?: Position | undefined
}

/** Events that tell of presence. */
const PRESENCE = ['join', 'leave', 'presence']

/** A request as handles make it. */
export type Request = Omit<Draft, 'bytes' | 'id'>

/** How each effect is done. */
type Deeds = {
  readonly [E in Effect as E[0]]: E extends readonly [string, ...infer D] ? (...details: D) => void : never
}

/** What handles need of the client. */
export interface Engine {
  readonly session: SessionState
  /** What the connection is doing. */
  state(): ClientState
  put(input: SessionInput): void
  /** What the handles of a channel share. The client itself has the empty name, which no channel can have. */
  hub(channel: string): Hub
  /** Listens until the returned function is called or the signal aborts. Nothing is heard after that, not even the rest. */
  on(
    channel: string,
    event: string,
    listener: (detail: never) => void,
    options: ListenOptions | undefined,
    since?: Since,
  ): () => void
  /** Serves a method to the server until the returned function is called. */
  readonly method: Serving['method']
  /** Publishes something that nobody waits for, if there is a link. */
  send(fields: Draft['fields']): void
  /** Puts a request in, with a copy of its fields, and waits for what becomes of it. Its id is known at once. */
  ask<T>(request: Request, signal: AbortSignal | undefined): Promise<T> & { readonly id: string }
  /** Waits until a channel, or the client itself, has a status, or an error, or the client is closed. */
  until(channel: string, status: string, signal: AbortSignal | undefined): Promise<void>
}

/**
 * Runs a session: does all that one input asks for before it takes the next one. What listeners and ports put in
 * meanwhile waits its turn, so nobody ever finds a half-made change.
 */
export function createEngine(url: string, options: ClientOptions): Engine {
  const { data, logger, clock = systemClock, random = systemRandom, network = systemNetwork } = options
  const transport = options.transport ?? webSocketTransport(options.WebSocket ?? globalThis.WebSocket)
  const session = newSession(configOf(url, options, random))
  const emitter = new EventEmitter()
  const hubs = new Map<string, Hub>()
  const links = new Map<number, Link>()
  const timers = new Map<TimerKey, unknown>()
  const jobs = new Map<string, (error: RealtimeError | undefined, value: unknown) => void>()
  const queue: SessionInput[] = []
  const closing = new AbortController()
  let over = false
  let unwatch: (() => void) | undefined

  /** Tells every listener, whatever the others do. Returns how many there are. */
  const tell = (channel: string, event: string, detail: unknown): number => {
    const listeners = emitter.listeners(`${event} ${channel}`)
    for (const listener of listeners) {
      // After `close` only the end itself is news.
      if (!over || /state|outbox/.test(event)) guard(() => listener(detail), event)
    }
    return listeners.length
  }

  /** Does something that may throw: ports and callbacks are other people's. What an `error` listener throws ends here. */
  const guard = <T>(does: () => T, event?: string): T | undefined => {
    try {
      return does()
    } catch (error) {
      if (event !== 'error') fault(error)
      return undefined
    }
  }

  const fault = (error: unknown): void => {
    if (!tell('', 'error', { error })) logger?.error?.('listener', error)
  }

  const put = (input: SessionInput): void => {
    if (!unwatch) {
      const look = (event?: NetworkEvent) => put({ type: 'network', online: network.online, event })
      unwatch = network.watch(look)
      look()
    }
    over ||= input.type === 'close'
    // What is being done stays in the queue, so that others see it.
    if (queue.push(input) > 1) return
    for (let next; (next = queue[0]); queue.shift()) {
      for (const [name, ...details] of step(session, next, clock.now(), random.fraction()).effects) {
        guard(() => (deeds[name] as (...details: unknown[]) => void)(...details))
      }
    }
    if (session.status === 'closed') {
      unwatch()
      closing.abort()
    }
  }

  /** Sends what a listener or a caller made, which may be anything. */
  const sendChecked = (link: number, frame: ClientFrame): void => {
    const text = clientCodec.encode(frame)
    // What the server does not take would end the link.
    if (size(text) > (session.connected?.limits.messageBytes ?? 0)) throw new RealtimeError('TOO_LARGE')
    links.get(link)?.send(text)
  }

  const serving = createServing(sendChecked, fault)

  const hub = (channel: string) =>
    upsert<string, Hub>(hubs, channel, { state: { status: channel ? 'unsubscribed' : 'idle' } as ChannelState })

  const deeds: Deeds = {
    ...serving,
    dial(link, url) {
      const opening = transport.dial(url, SUBPROTOCOL, {
        opened() {
          const given = guard<unknown>(() => (typeof data === 'function' ? (data as () => unknown)() : data))
          put({ type: 'opened', link, data: given })
        },
        message(text) {
          const frame = clientCodec.decode(text)
          if (frame.type === 'protocol-error' && frame.kind === 'malformed') logger?.warn?.(frame.kind, frame)
          put({ type: 'frame', link, frame })
        },
        closed(code, reason) {
          links.delete(link)
          put({ type: 'closed', link, code, reason })
        },
      })
      links.set(link, opening)
    },
    send(link, frame) {
      links.get(link)?.send(clientCodec.encode(frame))
    },
    hangup(link, code, reason) {
      links.get(link)?.close(code, reason)
      links.delete(link)
    },
    timer(name, ms) {
      clock.clearTimer(timers.get(name))
      timers.delete(name)
      if (ms !== undefined) {
        timers.set(
          name,
          clock.setTimer(() => put({ type: 'timer', name }), ms),
        )
      }
    },
    token(attempt, reason) {
      const ask = async () => (options.token as TokenSource)({ reason, signal: closing.signal })
      ask().then(
        (token) => put({ type: 'token', attempt, token, final: true }),
        (error: { readonly code?: unknown } | undefined) => {
          fault(error)
          put({ type: 'token', attempt, token: null, final: error?.code === 'UNAUTHORIZED' })
        },
      )
    },
    position(channel, position) {
      hub(channel).position = position
    },
    settle(id, error, value) {
      const job = jobs.get(id)
      if (job) job(error, value)
      // What is asked again on each link has nobody who waits for it.
      else if (error && error.code !== 'ABORTED' && session.status !== 'closed') fault(error)
      jobs.delete(id)
    },
    emit(event, detail, channel = '') {
      const of = hub(channel)
      const previous = of.state.status
      logger?.debug?.(event, detail)
      if (event === 'state') of.state = detail as ChannelState
      const told = event === 'state' ? { ...detail, previous } : detail
      if (!tell(channel, event, told) && channel && /gap|rollback|message/.test(event)) {
        if (event !== 'message') logger?.warn?.(event, detail)
        tell('', event, detail)
      }
    },
  }

  return {
    session,
    state: () => describe(session, clock.now()),
    put,
    hub,
    method: serving.method,
    send(given) {
      const { fields } = checked('publish', given)
      const { link } = session
      if (link?.phase === 'open' && !session.offline) {
        sendChecked(link.id, { type: 'send', id: random.id(), ...fields } as SendFrame)
      }
    },
    on(channel, event, listener, { signal } = {}, since) {
      const name = `${event} ${channel}`
      const isHeard = (each: string) => !!emitter.listeners(`${each} ${channel}`)[0]
      let on = !signal?.aborted
      // A function of our own, so that listening twice with one function is two things.
      const heard = (detail: unknown) => {
        if (on) listener(detail as never)
      }
      /** What somebody listens for is what the session wants. */
      const want = () => {
        if (!channel) return
        if (event === 'message' && (on || !isHeard(event)))
          put({ type: on ? 'subscribe' : 'unsubscribe', channel, since })
        if (PRESENCE.includes(event)) put({ type: 'watch', channel, watched: PRESENCE.some(isHeard) })
      }
      const off = () => {
        if (!on) return
        on = false
        emitter.off(name, heard)
        signal?.removeEventListener('abort', off)
        want()
      }
      if (on) {
        emitter.on(name, heard)
        signal?.addEventListener('abort', off)
        want()
      }
      return off
    },
    ask(request, signal) {
      const id = random.id()
      const asked = promised<never>(signal, (settle) => {
        // The copy keeps what is sent again as it was.
        const copy = checked(request.type, request.fields)
        if (!signal?.aborted) {
          jobs.set(id, settle)
          put({ ...request, ...copy, id })
        }
        return () => put({ type: 'abort', id })
      })
      return Object.assign(asked, { id })
    },
    until: (channel, status, signal) =>
      promised(signal, (settle) => {
        const name = `state ${channel}`
        const look = () => {
          const { state } = hub(channel)
          const error = state.error ?? (session.status === 'closed' && (session.error ?? new RealtimeError('CLOSED')))
          const idle = state.status === 'unsubscribed' && !emitter.listeners(`message ${channel}`)[0]
          if (state.status !== status && !error && !idle) return
          off()
          settle(error || (idle && new RealtimeError('UNSUBSCRIBED')))
        }
        const off = () => emitter.off(name, look)
        emitter.on(name, look)
        look()
        return off
      }),
  }
}

/** A promise that its signal can give up, at any time. `begin` says what that does besides. */
function promised<T>(
  signal: AbortSignal | undefined,
  begin: (settle: (error?: RealtimeError | false, value?: unknown) => void) => () => unknown,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const over = new AbortController()
    const forget = begin((error, value) => {
      over.abort()
      if (error) reject(error)
      else resolve(value as T)
    })
    const abort = () => {
      forget()
      reject(new RealtimeError('ABORTED'))
    }
    // The controller has the `signal` that ends the listening.
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, over)
  })
}

/** A copy of what goes into a frame, and its size. A frame that breaks the protocol would end the link. */
function checked(type: string, given: Draft['fields']): Pick<Draft, 'fields' | 'bytes'> {
  try {
    const text = JSON.stringify(given)
    const fields = JSON.parse(text) as Draft['fields']
    const { key, meta, method } = fields
    const isWhole = type !== 'publish' || 'data' in fields
    if (isWhole && fits(key, 64) && fits(method, 255) && size(JSON.stringify(meta)) <= 1_024) {
      return { fields, bytes: size(text) }
    }
  } catch {
    // It is no JSON.
  }
  throw new RealtimeError('INVALID_DATA')
}

/** Whether a name that may be absent can go into a frame. */
function fits(name: string | undefined, bytes: number): boolean {
  return name !== '' && size(name) <= bytes
}
