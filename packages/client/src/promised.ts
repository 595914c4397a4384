import { RealtimeError } from './core/errors.js'
import type { Settle } from './engine.js'

/** A promise that its signal can give up, at any time. `begin` returns what that does besides. */
export function promised<T>(signal: AbortSignal | undefined, begin: (settle: Settle) => () => unknown): Promise<T> {
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
