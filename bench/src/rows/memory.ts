import type { SingleRow } from '../row.js'

const LINKS = 10_000
/** How many of those that come and go are there at a time. */
const VISITORS = 1_000
const KIB = 1_024

/** What a link costs that does nothing but be there, and what one leaves that is gone. */
export const memory: SingleRow = {
  id: 'memory',
  title: `memory of ${LINKS.toLocaleString('en')} idle links, each with a session and a subscription`,
  unit: 'KiB of RSS per link',
  contenders: ['realtime', 'ws', 'socket.io'],
  targets: [{ atMost: 9 }, { atMost: 0.1, of: 'KiB of heap left by each link gone' }],
  runs: 3,
  async measure(rig, { links }) {
    const [count, visitors] = [links(LINKS), links(VISITORS)]
    const empty = await rig.memory()
    await rig.open({ links: count, channels: 1, each: 1 })
    const full = await rig.memory()
    await rig.leave(0)

    const visit = async () => {
      await rig.open({ links: visitors, channels: 1, each: 1 })
      await rig.leave(0)
    }
    // The first visitors pay for what is compiled and set up once. Nobody else is there: a link that stays gets its first
    // ping some time, and what that costs would be taken for a leak.
    for (let i = 0; i < 2; i++) await visit()
    const before = await rig.memory()
    const rounds = Math.round(count / visitors)
    for (let i = 0; i < rounds; i++) await visit()
    const after = await rig.memory()
    return {
      value: (full.residentBytes - empty.residentBytes) / count / KIB,
      details: {
        'KiB of heap per link': (full.heapBytes - empty.heapBytes) / count / KIB,
        'KiB of heap left by each link gone': (after.heapBytes - before.heapBytes) / (rounds * visitors) / KIB,
      },
    }
  },
}
