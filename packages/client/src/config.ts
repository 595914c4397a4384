import type { SessionConfig } from './core/session-state.js'
import type { ClientOptions } from './options.js'
import type { Random } from './ports/random.js'

/** What a session is told: the options, and the defaults of all that was not chosen. */
export function configOf(url: string, options: ClientOptions, random: Random): SessionConfig {
  const { token } = options
  let producer: string | undefined
  return {
    ...chosen({ connectTimeoutMs: 10_000, requestTimeoutMs: 10_000, lingerMs: 1_000 }, options),
    url,
    // Not made before it is needed: some runtimes have no randomness while modules load.
    get producer() {
      return (producer ??= random.id())
    },
    token: typeof token === 'string' ? token : undefined,
    asks: typeof token === 'function',
    reconnect: chosen({ minMs: 100, baseMs: 500, maxMs: 20_000, stableMs: 30_000 }, options.reconnect),
    outbox: chosen({ messages: 1_000, bytes: 1_048_576, ageMs: 60_000 }, options.outbox),
  }
}

/** Defaults, where nothing else was chosen. An option that is there but undefined is not chosen: no wait may become NaN. */
export function chosen<T extends object>(defaults: T, options: { readonly [K in keyof T]?: T[K] | undefined } = {}): T {
  for (const name in defaults) defaults[name] = options[name] ?? defaults[name]
  return defaults
}
