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
  /** Time; for tests. Default: the clock of the machine. */
  readonly clock?: Clock
  /** Chance; for tests. Default: Node's crypto module. */
  readonly random?: Random
}

/**
 * Logs and sessions in the memory of this process. Needs nothing, and lasts as long as the object: servers of one
 * process may share it, and a restart of the process is told to subscribers as a gap `epoch`.
 */
export function memory(options: MemoryOptions = {}): MemoryBackend {
  const { sessionTtlMs = DEFAULT_LIMITS.sessionTtlMs, clock = systemClock, random = systemRandom } = options
  return new MemoryBackend({ clock, random, sessionTtlMs })
}

/** Whether this process is one of several that serve the same port, so that memory is not shared by all clients. */
export function isWorkerProcess(): boolean {
  return cluster.isWorker || process.env['NODE_APP_INSTANCE'] !== undefined
}
