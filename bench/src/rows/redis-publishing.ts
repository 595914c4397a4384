import type { ClusterRow } from '../row.js'

const CHANNELS = 100
/** Below what one line takes. */
const UNDER_WAY = 1_000

/** What Redis has to do for a message that nobody listens to yet: a log and all that goes with it, or nothing. */
export const redisPublishing: ClusterRow = {
  id: 'redis-publish',
  title: `publishes of one server in ${CHANNELS} channels through one Redis, ${UNDER_WAY.toLocaleString('en')} under way`,
  unit: 'µs of Redis CPU per publish',
  nodes: 1,
  contenders: ['realtime', 'redis-publish'],
  // 130,000 a second.
  targets: [{ atMost: 7.7 }],
  async measure(cluster, { seconds }) {
    const publisher = cluster.node(0)
    const flood = (time: number) => () => publisher.flood({ underWay: UNDER_WAY, seconds: time, channels: CHANNELS })
    await flood(Math.min(1, seconds / 2))()
    const { redis, nodes, wallMs, result } = await cluster.during(flood(seconds))
    return {
      value: redis.cpuMicros / result,
      details: {
        'µs of publisher CPU per publish': (nodes[0]?.cpuMicros ?? NaN) / result,
        'publishes per second': (result / wallMs) * 1_000,
        'publishes per second of Redis CPU': 1e6 / (redis.cpuMicros / result),
      },
    }
  },
}
