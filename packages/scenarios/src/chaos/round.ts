import { setTimeout as sleep } from 'node:timers/promises'
import type { Verdict } from '../history/index.js'
import type { Chance } from '../sim/chance.js'
import { logsOf, type Places } from './chaos-client.js'
import { faultOf } from './faults/index.js'
import { judge } from './judge.js'
import { Proof } from './proof.js'
import { BRIEF_MESSAGES } from './protocol.js'
import { Record } from './record.js'
import { ServerPublisher } from './server-publisher.js'
import { settled } from './settled.js'
import type { Stage } from './stage.js'
import { Traffic } from './traffic.js'

/** How much happens in a round. */
export interface Load {
  /** Logs that everybody subscribes to and publishes to. */
  readonly channels: number
  /** Publishes of all clients together, each second. */
  readonly publishesPerSecond: number
  /** Time before the fault and after it, while messages flow. */
  readonly aroundMs: number
}

/** What came of one round. */
export interface Round {
  readonly kind: string
  readonly record: Record
  readonly verdict: Verdict
  /** What should have been seen of the fault, and was not. */
  readonly unproven: readonly string[]
  /** Calls of which the caller was told that nobody knows what became of them. */
  readonly unknownCalls: number
  /** How often a publish of a server's own was repeated with its key. */
  readonly repeats: ServerPublisher['repeats']
  /** Time from the end of the fault until everybody had everything. */
  readonly healedMs: number
}

const SUBSCRIBING_MS = 20_000
const VALUES = 2

/**
 * One fault under traffic, from fresh channels to a verdict.
 *
 * @param chance of this round. Traffic draws by the clock, so that how much it draws differs from run to run: what the fault
 * draws is apart from it.
 */
export async function playRound(stage: Stage, name: string, kind: string, load: Load, chance: Chance): Promise<Round> {
  const fault = faultOf(kind)
  if (!fault) throw new TypeError(`there is no fault ${kind}`)
  const { isLossy, isTorn = false } = fault
  const record = new Record()
  const places: Places = {
    rooms: Array.from({ length: load.channels }, (_, i) => `room:${name}-${i + 1}`),
    ...(!isLossy && { brief: `brief:${name}` }),
    values: Array.from({ length: VALUES }, (_, i) => `value:${name}-${i + 1}`),
    hall: `hall:${name}`,
  }
  for (const channel of places.values) record.add({ type: 'channel', channel, mode: 'latest' })
  if (places.brief) record.add({ type: 'retention', channel: places.brief, messages: BRIEF_MESSAGES })
  await within(
    SUBSCRIBING_MS,
    'everybody to subscribe and to be there',
    Promise.all(stage.clients.map((client) => client.begin(record, places))),
  )
  const servers = new ServerPublisher(stage.fleet.berths, `servers-${name}`, record)
  const traffic = new Traffic(stage, servers, places, load.publishesPerSecond, chance.part('traffic'))
  try {
    await sleep(load.aroundMs / 2)
    traffic.allStay = fault.isNewHistory ?? false
    await sleep(load.aroundMs / 2)
    record.add({ type: 'fault', kind })
    const proof = new Proof()
    await fault.harm(stage, chance.part('harm'), places, record, proof)
    // One that takes its time to lose something is over now.
    if (fault.isLossy) record.add({ type: 'fault', kind })
    record.add({ type: 'heal' })
    await sleep(load.aroundMs)
    traffic.stop()
    const remains = await settled(stage, servers, places, isTorn)
    const unproven = await proof.failed(remains)
    record.add({ type: 'presence.audit', channel: places.hall, members: remains.members })
    const { at } = record.add({ type: 'end' })
    servers.end()
    for (const client of stage.clients) client.end()
    const history = stage.runs.within(record.history)
    const { undone } = record
    const verdict = judge({ history, logs: remains.dumps, rooms: logsOf(places), undone }, { at, isTorn })
    const unknownCalls = history.filter((event) => event.type === 'call.settled' && event.outcome === 'unknown').length
    const { repeats } = servers
    return { kind, record, verdict, unproven, unknownCalls, repeats, healedMs: Math.round(remains.tookMs) }
  } finally {
    traffic.abort()
    servers.end()
    for (const client of stage.clients) client.end()
  }
}

function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const late = sleep(ms, undefined, { ref: false }).then(() => {
    throw new Error(`waited ${ms} ms for ${what}`)
  })
  return Promise.race([promise, late])
}
