import type { CallFrame, ClientFrame } from '@org/realtime-protocol'
import { SERVED_CALLS } from './core/bounds.js'
import { RealtimeError } from './core/errors.js'
import type { MethodContext } from './options.js'

/** What the application does when a method is called. */
export type Handler = (input: never, context: MethodContext) => unknown

/** The methods a client serves. */
export interface Serving {
  /** Serves a method, in place of who served it before. Returns what ends that. */
  readonly method: (name: string, handler: Handler) => () => void
  /** The server calls. */
  readonly call: (link: number, call: CallFrame) => void
  /** Nobody waits any more for one call, or for all those of a link. */
  readonly cancel: (link: number, ref?: number) => void
}

/**
 * Serves methods to the server.
 *
 * @param send Answers on a link, if that still lives.
 * @param fault Takes what a method threw that is none of the caller's business.
 */
export function createServing(
  send: (link: number, frame: ClientFrame) => void,
  fault: (error: unknown) => void,
): Serving {
  const methods = new Map<string, Handler>()
  // What was cancelled stays until it has ended, since it still takes room.
  const running = new Set<{ readonly link: number; readonly ref: number; readonly ending: AbortController }>()
  return {
    method(name, handler) {
      methods.set(name, handler)
      return () => {
        if (methods.get(name) === handler) methods.delete(name)
      }
    },
    call(link, { ref, method, data, meta }) {
      const ending = new AbortController()
      const { signal } = ending
      const job = { link, ref, ending }
      const done = () => running.delete(job)
      const answer = (frame: object) => {
        if (!signal.aborted) send(link, { ref, ...frame } as ClientFrame)
      }
      const run = async () => {
        try {
          const handler = methods.get(method)
          if (!handler) throw new RealtimeError('UNKNOWN_METHOD')
          if (running.size >= SERVED_CALLS) throw new RealtimeError('RATE_LIMITED')
          running.add(job)
          answer({ type: 'result', data: await handler(data as never, { signal, meta }) })
        } catch (error) {
          const known = error instanceof RealtimeError
          if (!known && !signal.aborted) fault(error)
          const { code, message } = known ? error : new RealtimeError('INTERNAL')
          answer({ type: 'error', code: code.slice(0, 256), message: message.slice(0, 1_000) })
        }
      }
      run().then(done, done)
    },
    cancel(link, ref) {
      for (const job of running) if (job.link === link && (ref ?? job.ref) === job.ref) job.ending.abort()
    },
  }
}
