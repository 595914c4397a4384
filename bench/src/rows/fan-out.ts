import type { Broadcast } from '../publisher.js'
import type { Rig } from '../rig.js'
import type { Measurement, SingleRow, Size } from '../row.js'

/** Deliveries between two waits for all of them: so many fit into the buffers of the kernel. */
const BATCH_DELIVERIES = 100_000

interface FanOut {
  readonly links: number
  readonly perTick: number
  readonly channels?: number
  readonly each?: number
}

/** Messages of the server to the subscribers of a channel; the CPU of the server for each delivery. */
export async function fanOut(rig: Rig, { seconds, links }: Size, row: FanOut): Promise<Measurement> {
  const { perTick, channels = 1, each = 1 } = row
  const count = links(row.links, channels)
  const audience = (count * each) / channels
  await rig.open({ links: count, channels, each })

  const messages = Math.max(perTick, Math.ceil(BATCH_DELIVERIES / audience / perTick) * perTick)
  const order: Broadcast = { messages, perTick, channels }
  const batch = async (soFar: number): Promise<number> => {
    await rig.broadcast(order)
    await rig.delivered(soFar + messages * audience)
    return soFar + messages * audience
  }
  await warmUp(rig, seconds, batch)

  const { cpuMicros, counts, result } = await rig.during(async () => {
    const end = performance.now() + seconds * 1_000
    let deliveries = 0
    do deliveries = await batch(deliveries)
    while (performance.now() < end)
    return rig.delivered(deliveries)
  })
  return { value: cpuMicros / result.deliveries, details: spread(result, counts) }
}

/** What a delivery is made of. */
export function spread(
  { deliveries, bytes }: { deliveries: number; bytes: number },
  { writes }: Readonly<Record<string, number>>,
): Record<string, number> {
  return { 'bytes per delivery': bytes / deliveries, ...(writes ? { 'frames per write': deliveries / writes } : {}) }
}

async function warmUp(rig: Rig, seconds: number, batch: (soFar: number) => Promise<number>): Promise<void> {
  await rig.during(async () => {
    const end = performance.now() + Math.min(1_000, seconds * 500)
    let deliveries = 0
    do deliveries = await batch(deliveries)
    while (performance.now() < end)
  })
}

/** A thousand links, a message in each turn of the loop. */
export const fanOut1k: SingleRow = {
  id: 'fan-out-1k',
  title: 'fan-out to 1,000 links, 1 message per tick',
  unit: 'µs of server CPU per delivery',
  contenders: ['realtime', 'ws-framed', 'ws', 'socket.io'],
  targets: [
    { against: 'ws-framed', atMost: 1.15 },
    { against: 'socket.io', atMost: 0.6 },
  ],
  measure: (rig, size) => fanOut(rig, size, { links: 1_000, perTick: 1 }),
}

/** Ten thousand links. */
export const fanOut10k: SingleRow = {
  ...fanOut1k,
  id: 'fan-out-10k',
  title: 'fan-out to 10,000 links, 1 message per tick',
  measure: (rig, size) => fanOut(rig, size, { links: 10_000, perTick: 1 }),
}

/** A thousand links, ten messages in each turn. */
export const fanOutBurst: SingleRow = {
  ...fanOut1k,
  id: 'fan-out-burst',
  title: 'fan-out to 1,000 links, 10 messages per tick',
  targets: [{ against: 'socket.io', atMost: 0.15 }],
  measure: (rig, size) => fanOut(rig, size, { links: 1_000, perTick: 10 }),
}

/** Ten thousand links in a thousand channels. */
export const manyChannels: SingleRow = {
  ...fanOut1k,
  id: 'many-channels',
  title: '10,000 links in 1,000 channels, each link in 5',
  targets: [{ against: 'socket.io', atMost: 0.6 }],
  contenders: ['realtime', 'ws-framed', 'socket.io'],
  measure: (rig, size) => fanOut(rig, size, { links: 10_000, channels: size.links(40) * 25, each: 5, perTick: 1 }),
}
