import type { SingleRow } from '../row.js'

const LINKS = 50
const IN_FLIGHT = 4

/** A client asks, the server answers. */
export const calls: SingleRow = {
  id: 'calls',
  title: `call and answer, ${LINKS} links with ${IN_FLIGHT} under way`,
  unit: 'µs of server CPU per call',
  contenders: ['realtime', 'ws', 'socket.io'],
  targets: [
    { against: 'ws', atMost: 1.1 },
    { against: 'socket.io', atMost: 1 },
  ],
  async measure(rig, { seconds, links }) {
    const count = links(LINKS)
    await rig.open({ links: count, channels: 1, each: 0 })
    const asking = { links: count, from: 0, inFlight: IN_FLIGHT }
    await rig.ask({ ...asking, seconds: Math.min(1, seconds / 2) })
    const { cpuMicros, wallMs, result } = await rig.during(() => rig.ask({ ...asking, seconds }))
    return { value: cpuMicros / result, details: { 'calls per second': (result / wallMs) * 1_000 } }
  },
}
