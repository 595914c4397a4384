import { WARM_UPS } from '../publisher.js'
import type { SingleRow } from '../row.js'
import { spread } from './fan-out.js'

const LINKS = 50
const PER_SECOND = 1_000

/** A rate that does not wait: as many messages each second, whoever keeps up. */
export const steady: SingleRow = {
  id: 'steady',
  title: `${PER_SECOND.toLocaleString('en')} messages a second in one channel with ${LINKS} links, open loop`,
  unit: 'µs of server CPU per delivery',
  contenders: ['realtime', 'ws-framed', 'ws', 'socket.io'],
  targets: [{ against: 'socket.io', atMost: 0.6 }],
  async measure(rig, { seconds, links }) {
    const count = links(LINKS)
    const order = (time: number) => ({ messages: Math.ceil(PER_SECOND * time), perSecond: PER_SECOND })
    await rig.open({ links: count, channels: 1, each: 1 })
    const first = order(Math.min(1, seconds / 2))
    for (const warmUp of WARM_UPS) await rig.pace(warmUp)
    await rig.during(async () => {
      await rig.pace(first)
      await rig.delivered(first.messages * count)
    })
    const paced = order(seconds)
    const { cpuMicros, counts, result } = await rig.during(async () => {
      const lateMs = await rig.pace(paced)
      return { lateMs, ...(await rig.delivered(paced.messages * count)) }
    })
    return {
      value: cpuMicros / result.deliveries,
      details: { ...spread(result, counts), 'ms late at most': result.lateMs },
    }
  },
}
