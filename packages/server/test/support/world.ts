import type { Contract } from '@org/realtime-protocol'
import { memory, RealtimeServer, type Backend, type MemoryBackend, type ServerOptions } from '../../src/index.js'
import { CountingRandom } from './counting-random.js'
import { MemoryLink } from './memory-link.js'
import { RecordingLogger } from './recording-logger.js'
import { VirtualClock } from '../../src/testing/index.js'

/** A server in a world of its own: virtual time, counted chance, links in memory. */
export function world({
  contract,
  rules = true,
  wrap = (backend) => backend,
  maxBytes,
  ...options
}: Omit<ServerOptions, 'backend' | 'clock' | 'random'> & {
  readonly contract?: Contract
  /** Whether everybody may read, write and be present in every channel. */
  readonly rules?: boolean
  /** Bytes that all logs may take. */
  readonly maxBytes?: number
  /** Puts something between the servers and the backend. */
  readonly wrap?: (backend: MemoryBackend) => Backend
} = {}) {
  const clock = new VirtualClock()
  const random = new CountingRandom()
  const logger = new RecordingLogger()
  const backend = memory({ clock, random, ...sessionTtl(options), ...(maxBytes ? { maxBytes } : {}) })
  const node = (): RealtimeServer => {
    const server = new RealtimeServer(contract, { logger, ...options, backend: wrap(backend), clock, random })
    if (rules) server.channel('{name}', { subscribe: true, publish: true, presence: true })
    return server
  }
  const server = node()
  return {
    clock,
    random,
    logger,
    backend,
    server,
    /** Another server on the same backend. */
    node,
    /** A new link. */
    link: (to: RealtimeServer = server) => new MemoryLink(clock, to),
    /** A link that is connected. */
    async connected(to: RealtimeServer = server, fields: Parameters<MemoryLink['connect']>[0] = {}) {
      const link = new MemoryLink(clock, to)
      await link.connect(fields)
      return link
    },
    /** Has another history serve, with everything up to now. */
    async failOver() {
      backend.failOver()
      await clock.settle()
    },
  }
}

function sessionTtl({ limits }: Pick<ServerOptions, 'limits'>) {
  return limits?.sessionTtlMs ? { sessionTtlMs: limits.sessionTtlMs } : {}
}
