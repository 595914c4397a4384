import type { Cluster } from '../cluster.js'
import { WARM_UPS } from '../publisher.js'
import type { ClusterRow, Measurement, Size, Target } from '../row.js'

/** Which deliveries are timed: a prime that goes into no number of links, so that all links take turns. */
const TIMED = 7

interface Stream {
  readonly links: number
  readonly perSecond: number
  /** How many times as long as other rows it goes on. */
  readonly longer: number
}

/** What is published on one node arrives on another one, at a rate that does not wait for anybody. */
async function crossNode(cluster: Cluster, { seconds, links }: Size, stream: Stream): Promise<Measurement> {
  const { perSecond, longer } = stream
  const count = links(stream.links)
  const [publisher, receiver] = [cluster.node(0), cluster.node(1)]
  await receiver.open({ links: count, channels: 1, each: 1 })
  await receiver.time(TIMED)
  for (const warmUp of WARM_UPS) await publisher.pace(warmUp)

  const run = async (time: number) => {
    const messages = Math.ceil(perSecond * time)
    const used = await cluster.during(async () => {
      const lateMs = await publisher.pace({ messages, perSecond, isTimed: true })
      return { lateMs, ...(await receiver.delivered(messages * count)) }
    })
    return { messages, ...used }
  }
  await run(Math.min(1, seconds / 2))
  const { messages, nodes, redis, result } = await run(seconds * longer)
  const [published, received] = nodes
  if (!published || !received) throw new Error('a node is gone')
  const { p50, p99 } = await receiver.delays()
  const writes = received.counts['writes']
  return {
    value: received.cpuMicros / result.deliveries,
    details: {
      'µs of publisher CPU per publish': published.cpuMicros / messages,
      'ms, p50': p50,
      'ms, p99': p99,
      'µs of Redis CPU per publish': redis.cpuMicros / messages,
      ...(writes ? { 'frames per write': result.deliveries / writes } : {}),
      'ms late at most': result.lateMs,
    },
  }
}

/** Ours takes at most so many times what each of the others takes, in the number of the row and in all that is compared. */
function belowBoth(atMost: number): readonly Target[] {
  const details = ['µs of publisher CPU per publish', 'ms, p50', 'ms, p99']
  return (['socket.io-redis', 'socket.io-streams'] as const).flatMap((against): Target[] => [
    { against, atMost },
    ...details.map((of): Target => ({ against, atMost: 1, of })),
  ])
}

/** A thousand links that get something now and then. */
export const crossNode100: ClusterRow = {
  id: 'cross-node-100',
  title: '100 messages a second from one server to 1,000 links of another, open loop',
  unit: 'µs of CPU of the receiving server per delivery',
  nodes: 2,
  contenders: ['realtime', 'socket.io-redis', 'socket.io-streams'],
  targets: belowBoth(1),
  // So few messages need some time to say something about those who publish them.
  measure: (cluster, size) => crossNode(cluster, size, { links: 1_000, perSecond: 100, longer: 2 }),
}

/** Fewer links that get something all the time. */
export const crossNode1000: ClusterRow = {
  ...crossNode100,
  id: 'cross-node-1000',
  title: '1,000 messages a second from one server to 200 links of another, open loop',
  targets: belowBoth(0.5),
  measure: (cluster, size) => crossNode(cluster, size, { links: 200, perSecond: 1_000, longer: 1 }),
}
