import { setTimeout as sleep } from 'node:timers/promises'
import type { StoredPresence } from '../history/index.js'
import type { ChaosClient, Places } from './chaos-client.js'
import type { Dump } from './protocol.js'
import type { Stage } from './stage.js'

/** Time after which not having everything is a violation. */
const HEALING_MS = 30_000

/** What the store has of a round, when all is quiet. */
export interface Remains {
  readonly dumps: ReadonlyMap<string, Dump>
  readonly members: readonly StoredPresence[]
}

/**
 * Waits until every request has its answer, everybody stands at the heads, and everybody sees who is there; or for as long
 * as that may take. What is not so by then is left to the verdict. After two masters nobody waits for who is there.
 */
export async function settled(
  { clients, fleet }: Stage,
  { rooms, values, hall }: Places,
  isTorn: boolean,
): Promise<Remains> {
  const deadline = performance.now() + HEALING_MS
  for (;;) {
    await sleep(100)
    const isLate = performance.now() > deadline
    if (!isLate && clients.some(({ pending }) => pending > 0)) continue
    try {
      const dumps = new Map<string, Dump>()
      for (const channel of [...rooms, ...values]) dumps.set(channel, await fleet.ask('log', channel))
      const members = await fleet.ask('members', hall)
      if (isLate || (clients.every((client) => hasAll(client, dumps)) && (isTorn || allSee(clients, members))))
        return { dumps, members }
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
