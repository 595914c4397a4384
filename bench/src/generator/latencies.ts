import { sharedNow } from '../clock.js'
import { messageOf } from '../message.js'
import { Delays, type Latencies } from './delays.js'
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

/** Publishes on schedule, and measures each delivery from the moment its message was due. */
export async function latencies(swarm: Swarm, schedule: Schedule): Promise<Latencies> {
  const { publishers, messages, perSecond, subscribers, channel } = schedule
  const delays = new Delays(1)
  swarm.listener = { delivery: (bytes, start, end) => delays.take(bytes, start, end) }
  const begun = sharedNow() + 1
  for (let sent = 0; sent < messages; ) {
    const due = Math.min(messages, Math.floor(((sharedNow() - begun) * perSecond) / 1_000) + 1)
    for (; sent < due; sent++) {
      const data = JSON.stringify(messageOf(sent, begun + (sent * 1_000) / perSecond))
      swarm.links[sent % publishers]?.send(swarm.dialect.publish(sent + 1, channel, data))
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await swarm.expect('deliveries', messages * subscribers, 20_000)
  swarm.listener = {}
  return delays.latencies
}
