import type { SingleRow } from '../row.js'

const PUBLISHERS = 20
const SUBSCRIBERS = 200
const PER_SECOND = 200

/** From the moment a client should have published until a subscriber has it. */
export const latency: SingleRow = {
  id: 'latency',
  title: `end to end at ${PER_SECOND} publishes a second of ${PUBLISHERS} clients to ${SUBSCRIBERS} subscribers`,
  unit: 'ms, p99',
  contenders: ['realtime', 'ws', 'socket.io'],
  targets: [
    { against: 'socket.io', atMost: 1 },
    { against: 'socket.io', atMost: 1, of: 'ms, p50' },
  ],
  async measure(rig, { seconds, links }) {
    const subscribers = links(SUBSCRIBERS)
    await rig.open({ links: PUBLISHERS, channels: 1, each: 0 })
    await rig.open({ links: subscribers, from: PUBLISHERS, channels: 1, each: 1 })
    const schedule = { publishers: PUBLISHERS, perSecond: PER_SECOND, subscribers, channel: 'c:0' }
    const publish = (time: number) => () => rig.latencies({ ...schedule, messages: Math.ceil(PER_SECOND * time) })
    await rig.during(publish(Math.min(1, seconds / 2)))
    const { result, cpuMicros, wallMs } = await rig.during(publish(seconds))
    return {
      value: result.p99,
      details: {
        'ms, p50': result.p50,
        'ms, highest': result.max,
        'ms of generator lag, p99': await rig.lag(),
        '% of a core': cpuMicros / wallMs / 10,
      },
    }
  },
}
