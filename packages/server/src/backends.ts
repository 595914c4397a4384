import cluster from 'node:cluster'
import { DEFAULT_LIMITS } from '@org/realtime-protocol'
import { MemoryBackend } from './memory/memory-backend.js'
import { systemClock } from './platform/system-clock.js'
import { systemRandom } from './platform/system-random.js'
import type { Clock, Random } from './ports/index.js'

/** Settings of the memory backend. */
export interface MemoryOptions {
  /** Time for which a session without a link can be resumed, in milliseconds. Default: 120,000. */
  readonly sessionTtlMs?: number
  /**
   * Bytes that all logs and members may take together, as estimated: messages with what surrounds them, the records that
   * make repeats take effect once, some 2 KiB for each channel, and members with what they show. A publish or an `enter`
   * for which there is no room fails with `UNAVAILABLE` and can be tried again. Default: 268,435,456 (256 MiB).
   */
  readonly maxBytes?: number
  /**
   * Sessions that are remembered, with a link or without. With more, the one that was not renewed for longest is
   * forgotten: its client gets a new session when it comes back, and loses no message. Default: 200,000.
   */
  readonly maxSessions?: number
  /** Time; for tests. Default: the clock of the machine. */
  readonly clock?: Clock
  /** Chance; for tests. Default: Node's crypto module. */
  readonly random?: Random
}

/**
 * Logs and sessions in the memory of this process. Needs nothing, and lasts as long as the object: servers of one
 * process may share it, and a restart of the process is told to subscribers as a gap `epoch`.
 *
 * @throws TypeError when a setting is not a whole number from 1.
 */
export function memory(options: MemoryOptions = {}): MemoryBackend {
  const { sessionTtlMs = DEFAULT_LIMITS.sessionTtlMs, clock = systemClock, random = systemRandom } = options
  const { maxBytes = 268_435_456, maxSessions = 200_000 } = options
  for (const [name, value] of Object.entries({ sessionTtlMs, maxBytes, maxSessions })) {
    if (!Number.isSafeInteger(value) || value <= 0) throw new TypeError(`memory: ${name} must be a whole number from 1`)
  }
  return new MemoryBackend({ clock, random, sessionTtlMs, maxBytes, maxSessions })
}

/** Whether this process is one of several that serve the same port, so that memory is not shared by all clients. */
export function isWorkerProcess(): boolean {
  return cluster.isWorker || process.env['NODE_APP_INSTANCE'] !== undefined
}
