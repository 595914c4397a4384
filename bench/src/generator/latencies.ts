import { quantile } from '../numbers/quantile.js'
import type { Swarm } from './swarm.js'

/** Publishes of clients at a rate that does not wait for anybody. */
export interface Schedule {
  /** Links that publish, taking turns. */
  readonly publishers: number
  /** How many publishes. */
  readonly messages: number
  /** How many each second, of all publishers together. */
  readonly perSecond: number
  /** How many subscribers get each one. */
  readonly subscribers: number
  /** Channel to publish to. */
  readonly channel: string
}

/** From the moment a message was due until a subscriber had it, in milliseconds. */
export interface Latencies {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

const MARK = '"due":'
const MARK_BYTES = Buffer.from(MARK)
/** Microseconds since the process began, with leading zeros for one length. */
const DIGITS = 12

/**
 * Publishes on schedule, and measures each delivery from the moment its message was due: what a late generator or a
 * stalled server delays counts as delay, for every message behind it too.
 */
export async function latencies(swarm: Swarm, schedule: Schedule): Promise<Latencies> {
  const { publishers, messages, perSecond, subscribers, channel } = schedule
  const expected = messages * subscribers
  const took = new Float64Array(expected)
  let taken = 0
  swarm.listener = {
    delivery(bytes, start, end) {
      const now = performance.now()
      const mark = bytes.subarray(start, end).indexOf(MARK_BYTES)
      if (mark === -1) throw new Error('a message came without the time it was due')
      const from = start + mark + MARK.length + 1
      took[taken++] = now - Number(bytes.toString('latin1', from, from + DIGITS)) / 1_000
    },
  }
  const begun = performance.now() + 1
  for (let sent = 0; sent < messages; ) {
    const due = Math.min(messages, Math.floor(((performance.now() - begun) * perSecond) / 1_000) + 1)
    for (; sent < due; sent++) {
      const micros = Math.round((begun + (sent * 1_000) / perSecond) * 1_000)
      const data = `{"n":${sent},"due":"${String(micros).padStart(DIGITS, '0')}","text":"${'x'.repeat(86)}"}`
      swarm.links[sent % publishers]?.send(swarm.dialect.publish(sent + 1, channel, data))
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await swarm.expect('deliveries', expected, 20_000)
  swarm.listener = {}
  return { p50: quantile(took, 0.5), p99: quantile(took, 0.99), max: quantile(took, 1) }
}
