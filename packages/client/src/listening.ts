import type { Since } from '@org/realtime-protocol'
import { RealtimeError } from './core/errors.js'
import { hubOf, type Engine } from './engine.js'
import type { ListenOptions } from './events.js'
import { promised } from './promised.js'
import { put } from './shell.js'

/** Events that tell of presence. */
const PRESENCE = ['join', 'leave', 'presence']

/**
 * Listens until the returned function is called or the signal aborts. Nothing is heard after that, not even the rest.
 * What somebody listens for is what the session wants.
 */
export function listen(
  engine: Engine,
  channel: string,
  event: string,
  listener: (detail: never) => void,
  { signal }: ListenOptions = {},
  since?: Since,
): () => void {
  const hub = hubOf(engine, channel)
  const isHeard = (each: string) => !!hub.listeners(each)[0]
  let on = !signal?.aborted
  // A function of our own, so that listening twice with one function is two things.
  const heard = (detail: unknown) => {
    if (on) listener(detail as never)
  }
  const want = () => {
    if (!channel) return
    if (event === 'message' && (on || !isHeard(event)))
      put(engine, { type: on ? 'subscribe' : 'unsubscribe', channel, since })
    if (PRESENCE.includes(event)) put(engine, { type: 'watch', channel, watched: PRESENCE.some(isHeard) })
  }
  const off = () => {
    if (!on) return
    on = false
    hub.removeListener(event, heard)
    signal?.removeEventListener('abort', off)
    want()
  }
  if (on) {
    hub.on(event, heard)
    signal?.addEventListener('abort', off)
    want()
  }
  return off
}

/** Waits until a channel, or the client itself, has a status, or an error, or the client is closed. */
export function until(engine: Engine, channel: string, status: string, signal: AbortSignal | undefined): Promise<void> {
  const hub = hubOf(engine, channel)
  return promised(signal, (settle) => {
    const look = () => {
      const { state } = hub
      const error = state.error ?? (engine.status === 'closed' && (engine.error ?? new RealtimeError('CLOSED')))
      const idle = state.status === 'unsubscribed' && !hub.listeners('message')[0]
      if (state.status !== status && !error && !idle) return
      off()
      settle(error || (idle && new RealtimeError('UNSUBSCRIBED')))
    }
    const off = () => hub.removeListener('state', look)
    hub.on('state', look)
    look()
    return off
  })
}
