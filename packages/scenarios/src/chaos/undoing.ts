import { setTimeout as sleep } from 'node:timers/promises'
import { redis } from '@org/realtime-server/redis'
import type { Places } from './chaos-client.js'
import type { Dump } from './protocol.js'
import { readLog } from './read-log.js'
import type { Record } from './record.js'
import type { Stage } from './stage.js'

/** What is known of a log that another history took over from: the part of the truth that dies with its master. */
export interface UndoneLog extends Dump {
  readonly channel: string
  /** Its last offset that the history which took over has as well. What follows was undone. */
  readonly fork: number
  /** How far it had come when the other one took over. */
  readonly reached: number
  /** The servers that went on with it when the other one was served already. */
  readonly nodes: readonly string[]
}

/**
 * The replica takes over with what it has. For some servers the old master goes on for a while; then it dies, and what it
 * held is written down.
 */
export async function takeOver(
  { redis: pair, fleet }: Stage,
  { rooms }: Places,
  record: Record,
  behind: { readonly servers: number; readonly forMs: number } = { servers: 0, forMs: 0 },
): Promise<void> {
  const read = async (url: string): Promise<readonly Dump[]> => {
    const backend = redis({ url })
    return Promise.all(rooms.map((room) => readLog(backend, room)))
  }
  const taken = await pair.promote(read)
  pair.lead(pair.ways.slice(behind.servers))
  const old = await read(pair.url)
  await sleep(behind.forMs)
  const held = await pair.rejoin(read)
  const nodes = fleet.berths.slice(0, behind.servers).map(({ name }) => name)
  rooms.forEach((channel, i) => {
    const [dump, heir] = [held[i], taken[i]]
    const reached = old[i]?.head.offset ?? 0
    if (dump && heir)
      record.undone.push({ ...dump, channel, fork: Math.min(dump.head.offset, heir.head.offset), reached, nodes })
  })
}
