import type { SingleRow } from '../row.js'

const PUBLISHERS = 4
const SUBSCRIBERS = 100

/** A client publishes, the others get it, and the client is told. */
export const publishing: SingleRow = {
  id: 'publish',
  title: `publish of a client to ${SUBSCRIBERS} subscribers, acknowledged, ${PUBLISHERS} under way`,
  unit: 'µs of server CPU per publish',
  contenders: ['realtime', 'ws', 'socket.io'],
  targets: [{ against: 'socket.io', atMost: 1 }],
  async measure(rig, { seconds, links }) {
    const subscribers = links(SUBSCRIBERS)
    await rig.open({ links: PUBLISHERS, channels: 1, each: 0 })
    await rig.open({ links: subscribers, from: PUBLISHERS, channels: 1, each: 1 })
    const publish = (time: number) => async () => {
      const asked = await rig.ask({ links: PUBLISHERS, from: 0, inFlight: 1, seconds: time, channel: 'c:0' })
      await rig.delivered(asked * subscribers)
      return asked
    }
    await rig.during(publish(Math.min(1, seconds / 2)))
    const { cpuMicros, wallMs, counts, result } = await rig.during(publish(seconds))
    return {
      value: cpuMicros / result,
      details: {
        'publishes per second': (result / wallMs) * 1_000,
        ...(counts['writes'] ? { 'frames per write': (result * (subscribers + 1)) / counts['writes'] } : {}),
      },
    }
  },
}
