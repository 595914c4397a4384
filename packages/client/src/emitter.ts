import type { EventEmitter } from 'eventemitter3'

/** Does something when a signal aborts. Returns how to forget about it. */
export function onAbort(signal: AbortSignal | undefined, does: () => void): () => void {
  signal?.addEventListener('abort', does)
  return () => signal?.removeEventListener('abort', does)
}

/** Listens until the returned function is called or the signal aborts. Nothing is heard after that, not even the rest. */
export function listen(
  emitter: EventEmitter,
  event: string,
  listener: (detail: never) => void,
  signal: AbortSignal | undefined,
  left?: () => void,
): () => void {
  let on = true
  // A function of our own, so that listening twice with one function is two things.
  const heard = (detail: unknown) => {
    if (on) listener(detail as never)
  }
  const off = () => {
    if (!on) return
    on = false
    emitter.off(event, heard)
    forget()
    left?.()
  }
  emitter.on(event, heard)
  const forget = onAbort(signal, off)
  return off
}

/** Tells every listener, whatever the others do. Returns how many there are. */
export function tell(emitter: EventEmitter, event: string, detail: unknown, fault: (error: unknown) => void): number {
  const listeners = emitter.listeners(event)
  for (const listener of listeners) {
    try {
      listener(detail)
    } catch (error) {
      fault(error)
    }
  }
  return listeners.length
}
