import { clientCodec, SUBPROTOCOL, type Position } from '@org/realtime-protocol'
import { EventEmitter } from 'eventemitter3'
import { RealtimeError } from './core/errors.js'
import type { ChannelState } from './core/events.js'
import { step } from './core/session-machine.js'
import type { SessionInput, SessionState } from './core/session-state.js'
import type { Effect } from './core/turn.js'
import { onAbort, tell } from './emitter.js'
import type { ClientOptions, TokenSource } from './options.js'
import type { Clock } from './ports/clock.js'
import type { Network } from './ports/network.js'
import type { Random } from './ports/random.js'
import type { Link, LinkEvents, Transport } from './ports/transport.js'

/** What all handles of a channel share. */
export interface Hub {
  readonly emitter: EventEmitter
  /** Message listeners and iterators. The first one subscribes, the last one leaves. */
  users: number
  state: ChannelState
  position: Position | undefined
}

/** What the engine runs on. */
export interface Ports {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
}

/** How each effect is done. */
type Deeds = {
  readonly [E in Effect as E[0]]: E extends readonly [string, ...infer D] ? (...details: D) => void : never
}

/** What handles need of the client. */
export interface Engine {
  readonly session: SessionState
  readonly emitter: EventEmitter
  readonly ports: Ports
  put(input: SessionInput): void
  hub(channel: string): Hub
  /** Puts a request in and waits for what becomes of it. */
  ask<T>(input: SessionInput & { readonly id: string }, signal: AbortSignal | undefined): Promise<T>
  /** Waits until `done` says so or names an error. */
  until(done: () => boolean | RealtimeError | undefined, signal: AbortSignal | undefined): Promise<void>
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
  let busy = false
  let unwatch: (() => void) | undefined
  let asking: AbortController | undefined

  const fault = (error: unknown): void => {
    if (!tell(emitter, 'error', { error }, () => {})) logger?.error?.('listener', error)
  }

  /** Does something that may throw: ports and callbacks are other people's. */
  const guard = <T>(does: () => T): T | undefined => {
    try {
      return does()
    } catch (error) {
      fault(error)
      return undefined
    }
  }

  const put = (input: SessionInput): void => {
    if (!unwatch) {
      unwatch = network.watch((type) => put({ type }))
      if (!network.online) queue.push({ type: 'offline' })
    }
    queue.push(input)
    if (busy) return
    busy = true
    for (let next; (next = queue.shift()); ) {
      guard(() => {
        for (const [name, ...details] of step(session, next, clock.now(), random.fraction()).effects) {
          guard(() => void Reflect.apply(deeds[name], deeds, details))
        }
      })
      for (const look of watchers) look()
    }
    busy = false
    if (session.status === 'closed') {
      unwatch()
      asking?.abort()
    }
  }

  const hub = (channel: string): Hub => {
    let found = hubs.get(channel)
    if (!found) {
      found = { emitter: new EventEmitter(), users: 0, state: { status: 'unsubscribed' }, position: undefined }
      hubs.set(channel, found)
    }
    return found
  }

  const deeds: Deeds = {
    dial(link, url) {
      const events: LinkEvents = {
        opened() {
          put({
            type: 'opened',
            link,
            data: guard(() => (typeof data === 'function' ? (data as () => unknown)() : data)),
          })
        },
        message(text) {
          const frame = clientCodec.decode(text)
          if (frame.type !== 'protocol-error') put({ type: 'frame', link, frame })
          else if (frame.kind === 'unsupported') put({ type: 'frame', link })
          else {
            logger?.warn?.('malformed', frame)
            put({ type: 'malformed', link })
          }
        },
        closed(code, reason) {
          links.delete(link)
          put({ type: 'closed', link, code, reason })
        },
      }
      links.set(link, transport.dial(url, SUBPROTOCOL, events))
    },
    send(link, frame) {
      links.get(link)?.send(clientCodec.encode(frame))
    },
    hangup(link, code, reason) {
      links.get(link)?.close(code, reason)
      links.delete(link)
    },
    setTimer(name, ms) {
      deeds.clearTimer(name)
      timers.set(
        name,
        clock.setTimer(() => put({ type: 'timer', name }), ms),
      )
    },
    clearTimer(name) {
      clock.clearTimer(timers.get(name))
      timers.delete(name)
    },
    token(attempt, reason) {
      const { signal } = (asking = new AbortController())
      const ask = async () => (token as TokenSource)({ reason, signal })
      ask().then(
        (token) => put({ type: 'token', attempt, token, final: true }),
        (error: unknown) => {
          fault(error)
          put({
            type: 'token',
            attempt,
            token: null,
            final: (error as { code?: unknown } | null)?.code === 'UNAUTHORIZED',
          })
        },
      )
    },
    position(channel, position) {
      hub(channel).position = position
    },
    settle(id, error, value) {
      jobs.get(id)?.(error, value)
      jobs.delete(id)
    },
    emit(event, detail, channel) {
      logger?.debug?.(event, detail)
      if (channel === undefined) tell(emitter, event, detail, fault)
      else {
        const of = hub(channel)
        let told = detail
        if (event === 'state') {
          told = { ...detail, previous: of.state.status }
          of.state = detail as ChannelState
        }
        if (!tell(of.emitter, event, told, fault) && (event === 'gap' || event === 'rollback')) {
          logger?.warn?.(event, detail)
          tell(emitter, event, detail, fault)
        }
      }
    },
  }

  return {
    session,
    emitter,
    ports,
    put,
    hub,
    ask: <T>(input: SessionInput & { readonly id: string }, signal?: AbortSignal) =>
      new Promise<T>((resolve, reject) => {
        const { id } = input
        const forget = onAbort(signal, () => put({ type: 'abort', id }))
        jobs.set(id, (error, value) => {
          forget()
          if (error) reject(error)
          else resolve(value as T)
        })
        if (signal?.aborted) deeds.settle(id, new RealtimeError('ABORTED'))
        else put(input)
      }),
    until: (done, signal) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          const result = signal?.aborted ? new RealtimeError('ABORTED') : done()
          if (!result) return
          watchers.delete(look)
          forget()
          if (result === true) resolve()
          else reject(result)
        }
        const forget = onAbort(signal, look)
        watchers.add(look)
        look()
      }),
  }
}
