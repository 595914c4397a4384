import { setTimeout as sleep } from 'node:timers/promises'
import { DEFAULT_LIMITS } from '@org/realtime-protocol'
import type { StoredPresence } from '../history/index.js'
import { logsOf, type ChaosClient, type Places } from './chaos-client.js'
import type { Dump } from './protocol.js'
import type { ServerPublisher } from './server-publisher.js'
import type { Stage } from './stage.js'

/** Time after which not having everything is a violation. */
const HEALING_MS = 30_000

/** Time after which a member that no server answers for is gone: its time to live, and the round of those who look for it. */
const LEASE_MS = DEFAULT_LIMITS.presenceTtlMs * 1.5

/** What the store has of a round, when all is quiet. */
export interface Remains {
  readonly dumps: ReadonlyMap<string, Dump>
  readonly members: readonly StoredPresence[]
  /** How long it took until every request had its answer and everybody stood at the heads. */
  readonly tookMs: number
}

/**
 * Waits until every request has its answer, everybody stands at the heads, and everybody sees who is there; or for as long
 * as that may take. What is not so by then is left to the verdict.
 */
export async function settled(
  { clients, fleet }: Stage,
  servers: ServerPublisher,
  places: Places,
  isTorn: boolean,
): Promise<Remains> {
  const begun = performance.now()
  let tookMs: number | undefined
  for (;;) {
    await sleep(100)
    const waitedMs = performance.now() - begun
    const isLate = waitedMs > (tookMs !== undefined && isTorn ? LEASE_MS : HEALING_MS)
    if (!isLate && [servers, ...clients].some(({ pending }) => pending > 0)) continue
    try {
      const dumps = new Map<string, Dump>()
      for (const channel of [...logsOf(places), ...places.values]) dumps.set(channel, await fleet.ask('log', channel))
      const members = await fleet.ask('members', places.hall)
      if (clients.every((client) => hasAll(client, dumps))) tookMs ??= waitedMs
      if (isLate || (tookMs !== undefined && allSee(clients, members)))
        return { dumps, members, tookMs: tookMs ?? waitedMs }
    } catch (error) {
      if (isLate) throw error
    }
  }
}

function hasAll(client: ChaosClient, dumps: ReadonlyMap<string, Dump>): boolean {
  return [...dumps].every(([channel, { head }]) => client.position(channel)?.offset === head.offset)
}

/** Whether the store, and all who watch, have those who asked to be there, with what they show. */
function allSee(clients: readonly ChaosClient[], members: readonly StoredPresence[]): boolean {
  const wanted = JSON.stringify(
    clients.flatMap(({ name, attendee }) => (attendee?.shows === undefined ? [] : [[name, attendee.shows]])).sort(),
  )
  const lists = clients.map(({ attendee }) => Object.entries(attendee?.list ?? {}))
  const stored = members.map(({ user, data }) => [user, data])
  return [stored, ...lists].every((list) => JSON.stringify(list.sort()) === wanted)
}
