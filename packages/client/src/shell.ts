import { clientCodec, SUBPROTOCOL } from '@org/realtime-protocol'
import type { ChannelState } from './core/events.js'
import { step } from './core/session-machine.js'
import type { SessionInput } from './core/session-state.js'
import type { Effect } from './core/turn.js'
import { fault, guard, hubOf, tell, type Engine } from './engine.js'
import type { TokenSource } from './options.js'
import type { NetworkEvent } from './ports/network.js'
import { cancelJobs, run } from './serving.js'

/** How each effect is done. */
type Deeds = {
  readonly [E in Effect as E[0]]: E extends readonly [string, ...infer D]
    ? (engine: Engine, ...details: D) => unknown
    : never
}

/**
 * Runs a session: does all that one input asks for before it takes the next one. What listeners and ports put in
 * meanwhile waits its turn, so nobody ever finds a half-made change.
 */
export function put(engine: Engine, input: SessionInput): void {
  const { queue } = engine
  if (!engine.unwatch) {
    const look = (event?: NetworkEvent) => put(engine, { type: 'network', online: engine.network.online, event })
    engine.unwatch = engine.network.watch(look)
    look()
  }
  if (input.type === 'close') engine.over = true
  // What is being done stays in the queue, so that others see it.
  if (queue.push(input) > 1) return
  for (let next; (next = queue[0]); queue.shift()) {
    for (const [name, ...details] of step(engine, next, engine.clock.now(), engine.random.fraction()).effects) {
      guard(engine, () => (DEEDS[name] as (...details: unknown[]) => unknown)(engine, ...details))
    }
  }
  if (engine.status === 'closed') {
    engine.unwatch()
    engine.ending.abort()
  }
}

const DEEDS: Deeds = {
  call: (engine, link, call) => void run(engine, link, call).catch(() => {}),
  cancel: cancelJobs,
  dial(engine, link, url) {
    const { data } = engine.options
    const opening = engine.transport.dial(url, SUBPROTOCOL, {
      opened() {
        const given = guard<unknown>(engine, () => (typeof data === 'function' ? (data as () => unknown)() : data))
        put(engine, { type: 'opened', link, data: given })
      },
      message(text) {
        const frame = clientCodec.decode(text)
        if (frame.type === 'protocol-error' && frame.kind === 'malformed') engine.logger.warn?.(frame.kind, frame)
        put(engine, { type: 'frame', link, frame })
      },
      closed(code, reason) {
        engine.sockets.delete(link)
        put(engine, { type: 'closed', link, code, reason })
      },
    })
    engine.sockets.set(link, opening)
  },
  send({ sockets }, link, frame) {
    sockets.get(link)?.send(clientCodec.encode(frame))
  },
  hangup({ sockets }, link, code, reason) {
    sockets.get(link)?.close(code, reason)
    sockets.delete(link)
  },
  timer(engine, name, ms) {
    const { clock, alarms } = engine
    clock.clearTimer(alarms.get(name))
    alarms.delete(name)
    if (ms !== undefined) {
      alarms.set(
        name,
        clock.setTimer(() => put(engine, { type: 'timer', name }), ms),
      )
    }
  },
  token(engine, attempt, reason) {
    const { signal } = engine.ending
    const ask = async () => (engine.options.token as TokenSource)({ reason, signal })
    ask().then(
      (token) => put(engine, { type: 'token', attempt, token, final: true }),
      (error: { readonly code?: unknown } | undefined) => {
        fault(engine, error)
        put(engine, { type: 'token', attempt, token: null, final: error?.code === 'UNAUTHORIZED' })
      },
    )
  },
  position(engine, channel, position) {
    hubOf(engine, channel).position = position
  },
  settle(engine, id, error, value) {
    const job = engine.jobs.get(id)
    if (job) job(error, value)
    // What is asked again on each link has nobody who waits for it.
    else if (error && error.code !== 'ABORTED' && engine.status !== 'closed') fault(engine, error)
    engine.jobs.delete(id)
  },
  emit(engine, event, detail, channel = '') {
    const { logger } = engine
    const hub = hubOf(engine, channel)
    let told = detail
    logger.debug?.(event, detail)
    if (event === 'state') {
      told = { ...detail, previous: hub.state.status }
      hub.state = detail as ChannelState
    }
    if (!tell(engine, channel, event, told) && channel && /gap|rollback|message/.test(event)) {
      if (event !== 'message') logger.warn?.(event, detail)
      tell(engine, '', event, detail)
    }
  },
}
