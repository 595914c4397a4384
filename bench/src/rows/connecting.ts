import type { SingleRow } from '../row.js'

const LINKS = 4_000
const WARM_UP = 1_000

/** From the first byte of the upgrade to the running subscription. */
export const connecting: SingleRow = {
  id: 'connect',
  title: `connect, authenticate and subscribe, ${LINKS.toLocaleString('en')} links`,
  unit: 'µs of server CPU per link',
  contenders: ['realtime', 'ws', 'socket.io'],
  targets: [{ against: 'socket.io', atMost: 1 }],
  async measure(rig, { links }) {
    const [warmUp, count] = [links(WARM_UP), links(LINKS)]
    await rig.open({ links: warmUp, channels: 1, each: 1 })
    await rig.leave(0)
    const { cpuMicros, wallMs } = await rig.during(() => rig.open({ links: count, channels: 1, each: 1 }))
    return { value: cpuMicros / count, details: { 'links per second': (count / wallMs) * 1_000 } }
  },
}
