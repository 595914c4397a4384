import type { CallFrame } from '@org/realtime-protocol'
import { SERVED_CALLS } from './core/bounds.js'
import { RealtimeError } from './core/errors.js'
import { fault, sendChecked, type Engine } from './engine.js'
import type { MethodContext } from './options.js'

/** What the application does when a method is called. */
export type Handler = (input: never, context: MethodContext) => unknown

/** A call of the server that runs. What was cancelled stays until it has ended, since it still takes room. */
export interface Job extends AbortController {
  readonly link: number
  readonly ref: number
}

/** Serves a method to the server, in place of who served it before. Returns what ends that. */
export function serve({ handlers }: Engine, name: string, handler: Handler): () => void {
  handlers.set(name, handler)
  return () => {
    if (handlers.get(name) === handler) handlers.delete(name)
  }
}

/** The server calls. */
export async function run(engine: Engine, link: number, { ref, method, data, meta }: CallFrame): Promise<void> {
  const { running } = engine
  const job = Object.assign(new AbortController(), { link, ref })
  const { signal } = job
  const answer = (frame: object) => {
    if (!signal.aborted) sendChecked(engine, link, { ref, ...frame } as never)
  }
  try {
    const handler = engine.handlers.get(method)
    if (!handler) throw new RealtimeError('UNKNOWN_METHOD')
    if (running.size >= SERVED_CALLS) throw new RealtimeError('RATE_LIMITED')
    running.add(job)
    answer({ type: 'result', data: await handler(data as never, { signal, meta }) })
  } catch (error) {
    const known = error instanceof RealtimeError
    if (!known && !signal.aborted) fault(engine, error)
    const { code, message } = known ? error : new RealtimeError('INTERNAL')
    answer({ type: 'error', code: code.slice(0, 256), message: message.slice(0, 1_000) })
  } finally {
    running.delete(job)
  }
}

/** Nobody waits any more for one call, or for all those of a link. */
export function cancelJobs({ running }: Engine, link: number, ref?: number): void {
  for (const job of running) if (job.link === link && (ref ?? job.ref) === job.ref) job.abort()
}
