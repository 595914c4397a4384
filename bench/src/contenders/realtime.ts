import { RealtimeServer, type Backend, type Metric } from '@org/realtime-server'
import { TOKEN, type Contend } from './contender.js'
import { countUse } from './backend-use.js'

/** All clients have one address here, and some rows have a client ask as fast as it is answered. */
const LIMITS = {
  connectionsPerAddress: 50_000,
  handshakes: 50_000,
  messagesPerSecond: 10_000_000,
  messageBurst: 10_000_000,
}

/** Ours, with a session, a rule for each channel, and a log of 1,000 messages behind each. */
export const realtime =
  (kept: Backend): Contend =>
  (http) => {
    const metrics = new Map<string, Metric>()
    const backend = countUse(kept)
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
      counts: () => ({ ...backend.use, writes: total(metrics.get('realtime_writes_total')) }),
    }
  }

function total(metric: Metric | undefined): number {
  const value = metric?.read() ?? 0
  return typeof value === 'number' ? value : [...value.values()].reduce((sum, part) => sum + part, 0)
}
