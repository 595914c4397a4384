import {
  clientCodec,
  SUBPROTOCOL,
  type ClientFrame,
  type Position,
  type SendFrame,
  type Since,
} from '@org/realtime-protocol'
import { EventEmitter } from 'eventemitter3'
import { RealtimeError } from './core/errors.js'
import type { ChannelState } from './core/events.js'
import type { Draft } from './core/outbox.js'
import { step } from './core/session-machine.js'
import type { SessionInput, SessionState } from './core/session-state.js'
import type { Effect } from './core/turn.js'
import type { ListenOptions } from './events.js'
import type { ClientOptions, TokenSource } from './options.js'
import { createServing, type Serving } from './serving.js'
import { size } from './size.js'
import type { Clock } from './ports/clock.js'
import type { Network, NetworkEvent } from './ports/network.js'
import type { Random } from './ports/random.js'
import type { Link, Transport } from './ports/transport.js'

/** What all handles of a channel share. */
export interface Hub {
  state: ChannelState
  position?: Position | undefined
}

/** Events that tell of presence. */
const PRESENCE = ['join', 'leave', 'presence']

/** What the engine runs on. */
export interface Ports {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
}

/** A request as handles make it. Without an id it gets one. */
export interface Request extends Omit<Draft, 'bytes' | 'id'> {
  readonly id?: string
}

/** How each effect is done. */
type Deeds = {
  readonly [E in Effect as E[0]]: E extends readonly [string, ...infer D] ? (...details: D) => void : never
}

/** What handles need of the client. */
export interface Engine {
  readonly session: SessionState
  readonly ports: Ports
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
  /** Says something that nobody waits for, if there is a link. */
  send(frame: SendFrame): void
  /** Puts a request in, with a copy of its fields, and waits for what becomes of it. */
  ask<T>(request: Request, signal: AbortSignal | undefined): Promise<T>
  /** Waits until a channel, or the client itself, has a status, or an error, or the client is closed. */
  until(channel: string, status: string, signal: AbortSignal | undefined): Promise<void>
}

/**
 * Runs a session: does all that one input asks for before it takes the next one. What listeners and ports put in
 * meanwhile waits its turn, so nobody ever finds a half-made change.
 */
export function createEngine(session: SessionState, ports: Ports, options: ClientOptions): Engine {
  const { transport, clock, random, network } = ports
  const { token, data, logger } = options
  const emitter = new EventEmitter()
  const hubs = new Map<string, Hub>()
  const links = new Map<number, Link>()
  const timers = new Map<string, unknown>()
  const jobs = new Map<string, (error: RealtimeError | undefined, value: unknown) => void>()
  const watchers = new Set<() => void>()
  const queue: SessionInput[] = []
  const closing = new AbortController()
  let busy = false
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
    queue.push(input)
    over ||= input.type === 'close'
    if (busy) return
    busy = true
    for (let next; (next = queue.shift()); ) {
      for (const [name, ...details] of step(session, next, clock.now(), random.fraction()).effects) {
        guard(() => (deeds[name] as (...details: unknown[]) => void)(...details))
      }
      for (const look of watchers) look()
    }
    busy = false
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

  const hub = (channel: string): Hub => {
    let found = hubs.get(channel)
    if (!found) {
      const status = channel ? 'unsubscribed' : 'idle'
      found = { state: { status } as ChannelState }
      hubs.set(channel, found)
    }
    return found
  }

  const deeds: Deeds = {
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
      const { signal } = closing
      const ask = async () => (token as TokenSource)({ reason, signal })
      ask().then(
        (token) => put({ type: 'token', attempt, token, final: true }),
        (error: { readonly code?: unknown } | undefined) => {
          fault(error)
          put({ type: 'token', attempt, token: null, final: error?.code === 'UNAUTHORIZED' })
        },
      )
    },
    call: serving.call,
    cancel: serving.cancel,
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
      let told = detail
      logger?.debug?.(event, detail)
      if (event === 'state') {
        told = { ...detail, previous: of.state.status }
        of.state = detail as ChannelState
      }
      if (!tell(channel, event, told) && channel && /gap|rollback|message/.test(event)) {
        if (event !== 'message') logger?.warn?.(event, detail)
        tell('', event, detail)
      }
    },
  }

  /** A promise that its signal can give up, at any time. `begin` says what that does besides. */
  const promised = <T>(
    signal: AbortSignal | undefined,
    begin: (settle: (error?: RealtimeError | false, value?: unknown) => void) => () => void,
  ) =>
    new Promise<T>((resolve, reject) => {
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

  return {
    session,
    ports,
    put,
    hub,
    method: serving.method,
    send(frame) {
      checked('publish', frame)
      const { link, offline } = session
      if (link?.phase === 'open' && !offline) sendChecked(link.id, frame)
    },
    on(channel, event, listener, { signal } = {}, since) {
      const name = `${event} ${channel}`
      const subscribes = channel && event === 'message'
      const watch = () => {
        if (!channel || !PRESENCE.includes(event)) return
        const watched = PRESENCE.some((each) => emitter.listeners(`${each} ${channel}`)[0])
        put({ type: 'watch', channel, watched })
      }
      let on = !signal?.aborted
      // A function of our own, so that listening twice with one function is two things.
      const heard = (detail: unknown) => {
        if (on) listener(detail as never)
      }
      const off = () => {
        if (!on) return
        on = false
        emitter.off(name, heard)
        signal?.removeEventListener('abort', off)
        if (subscribes && !emitter.listeners(name)[0]) put({ type: 'unsubscribe', channel })
        watch()
      }
      if (on) {
        emitter.on(name, heard)
        signal?.addEventListener('abort', off)
        if (subscribes) put({ type: 'subscribe', channel, since })
        watch()
      }
      return off
    },
    ask: (request, signal) =>
      promised(signal, (settle) => {
        const { id = random.id() } = request
        // The copy keeps what is sent again as it was.
        const text = checked(request.type, request.fields)
        const fields = JSON.parse(text) as Draft['fields']
        if (!signal?.aborted) {
          jobs.set(id, settle)
          put({ ...request, id, fields, bytes: size(text) })
        }
        return () => put({ type: 'abort', id })
      }),
    until: (channel, status, signal) =>
      promised(signal, (settle) => {
        const look = () => {
          const { state } = hub(channel)
          const error = state.error ?? (session.status === 'closed' && (session.error ?? new RealtimeError('CLOSED')))
          const idle = state.status === 'unsubscribed' && !emitter.listeners(`message ${channel}`)[0]
          if (state.status !== status && !error && !idle) return
          watchers.delete(look)
          settle(error || (idle && new RealtimeError('UNSUBSCRIBED')))
        }
        watchers.add(look)
        look()
        return () => watchers.delete(look)
      }),
  }
}

function written(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    throw new RealtimeError('INVALID_DATA')
  }
}

/** What goes into a frame, as text. A frame that breaks the protocol would end the link. */
function checked(type: string, fields: Draft['fields']): string {
  const { data, key, meta, method } = fields
  const text = written(fields)
  if (
    (type === 'publish' && written(data) === undefined) ||
    !fits(key, 64) ||
    !fits(method, 255) ||
    size(written(meta)) > 1_024
  ) {
    throw new RealtimeError('INVALID_DATA')
  }
  return text
}

/** Whether a name that may be absent can go into a frame. */
function fits(name: string | undefined, bytes: number): boolean {
  return name !== '' && size(name) <= bytes
}
