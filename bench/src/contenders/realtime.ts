import { memory, RealtimeServer, type Metric } from '@org/realtime-server'
import { countReads } from './broker-reads.js'
import { TOKEN, type Contend } from './contender.js'

/** All clients have one address here, and some rows have a client ask as fast as it is answered. */
const LIMITS = {
  connectionsPerAddress: 50_000,
  handshakes: 50_000,
  messagesPerSecond: 10_000_000,
  messageBurst: 10_000_000,
}

/** Ours, with a session, a rule for each channel, and a log of 1,000 messages behind each. */
export const realtime: Contend = (http) => {
  const metrics = new Map<string, Metric>()
  const backend = countReads(memory())
  const server = new RealtimeServer(
    {},
    {
      backend,
      limits: LIMITS,
      authenticate: ({ token }) => (token === TOKEN ? { user: { id: 'someone' } } : null),
      metrics: { register: (metric) => void metrics.set(metric.name, metric), distribution: () => () => undefined },
    },
  )
  server.channel('c:{n}', { subscribe: true, publish: true })
  server.method('echo', (input) => input)
  server.attach(http)
  return {
    publish: (channel, message) => server.publish(channel, message),
    counts: () => ({ ...backend.reads, writes: total(metrics.get('realtime_writes_total')) }),
  }
}

function total(metric: Metric | undefined): number {
  const value = metric?.read() ?? 0
  return typeof value === 'number' ? value : [...value.values()].reduce((sum, part) => sum + part, 0)
}
