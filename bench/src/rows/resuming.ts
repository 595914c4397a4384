import type { SingleRow } from '../row.js'

const LINKS = 5_000
const CHANNELS = 50
const MISSED = 100

/** Everybody is gone at once, misses messages, and comes back. */
export const resuming: SingleRow = {
  id: 'resume',
  title: `${LINKS.toLocaleString('en')} clients come back at once to ${CHANNELS} channels, each with ${MISSED} missed messages`,
  unit: 'ms until all have caught up',
  contenders: ['realtime'],
  targets: [{ atMost: 0, of: 'reads of the log' }],
  async measure(rig, { links }) {
    const count = links(LINKS / CHANNELS) * CHANNELS
    const publish = (each: number) =>
      rig.broadcast({ messages: CHANNELS * each, perTick: CHANNELS, channels: CHANNELS })
    await publish(1)
    await rig.openAndCut({ links: count, channels: CHANNELS, each: 1 })
    await publish(MISSED)
    const { cpuMicros, wallMs, counts } = await rig.during(async () => {
      await rig.comeBack()
      await rig.delivered(count * MISSED)
    })
    return {
      value: wallMs,
      details: {
        'reads of the log': (counts['heads'] ?? NaN) + (counts['recover'] ?? NaN) + (counts['history'] ?? NaN),
        'µs of server CPU per client': cpuMicros / count,
      },
    }
  },
}
