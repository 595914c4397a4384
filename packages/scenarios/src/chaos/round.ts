import { setTimeout as sleep } from 'node:timers/promises'
import { checkHistory, type LogDump, type Verdict } from '../history/index.js'
import type { Chance } from '../sim/chance.js'
import { FAULTS, LOSSY_FAULTS } from './faults/index.js'
import type { Dump } from './node-process.js'
import { Record } from './record.js'
import type { Stage } from './stage.js'
import { TrueLineage } from './true-lineage.js'

/** How much happens in a round. */
export interface Load {
  /** Channels that everybody subscribes to and publishes to. */
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
  /** Time from the end of the fault until everybody had everything. */
  readonly healedMs: number
}

/** Time after which not having everything is a violation. */
const HEALING_MS = 30_000
const SUBSCRIBING_MS = 20_000
const TICK_MS = 20

/** One fault under traffic, from fresh channels to a verdict. */
export async function playRound(stage: Stage, name: string, kind: string, load: Load, chance: Chance): Promise<Round> {
  const fault = FAULTS[kind]
  if (!fault) throw new TypeError(`there is no fault ${kind}`)
  const record = new Record()
  const rooms = Array.from({ length: load.channels }, (_, i) => `room:${name}-${i + 1}`)
  await within(
    SUBSCRIBING_MS,
    'everybody to subscribe',
    Promise.all(stage.clients.map((client) => client.begin(record, rooms))),
  )
  const traffic = new Traffic(stage, rooms, load, chance)
  try {
    await sleep(load.aroundMs)
    record.add({ type: 'fault', kind })
    await fault.harm(stage, chance, rooms)
    // One that takes its time to lose something is over now.
    if (fault.isLossy) record.add({ type: 'fault', kind })
    record.add({ type: 'heal' })
    const healed = performance.now()
    await sleep(load.aroundMs)
    traffic.stop()
    const dumps = await settle(stage, rooms)
    const healedMs = performance.now() - healed - load.aroundMs
    record.add({ type: 'end' })
    for (const client of stage.clients) client.end()
    return { kind, record, verdict: judge(record, dumps), healedMs: Math.round(healedMs) }
  } finally {
    traffic.stop()
    for (const client of stage.clients) client.end()
  }
}

/** Messages of all clients to all channels, at a rate. */
class Traffic {
  private readonly timer: NodeJS.Timeout
  private begun = performance.now()
  private count = 0

  constructor(stage: Stage, rooms: readonly string[], load: Load, chance: Chance) {
    this.timer = setInterval(() => {
      const due = ((performance.now() - this.begun) / 1_000) * load.publishesPerSecond
      // Those that a busy machine did not get to in time come at once, but not all of a long pause.
      for (let most = load.publishesPerSecond; this.count < due && most > 0; most--) {
        this.count += 1
        chance.pick(stage.clients).publish(chance.pick(rooms), chance.happens(0.2) ? chance.index(1_000) : 0)
      }
    }, TICK_MS)
  }

  stop(): void {
    clearInterval(this.timer)
  }
}

/** Waits until every publish has its answer and everybody stands at the head, or for as long as that may take. */
async function settle(stage: Stage, rooms: readonly string[]): Promise<ReadonlyMap<string, Dump>> {
  const deadline = performance.now() + HEALING_MS
  for (;;) {
    await sleep(100)
    const isLate = performance.now() > deadline
    if (!isLate && stage.clients.some(({ pending }) => pending > 0)) continue
    try {
      const dumps = new Map<string, Dump>()
      for (const room of rooms) dumps.set(room, await stage.fleet.dump(room))
      if (
        isLate ||
        stage.clients.every((client) => rooms.every((room) => stands(client.position(room), dumps.get(room))))
      )
        return dumps
    } catch (error) {
      if (isLate) throw error
    }
  }
}

function stands(position: { readonly offset: number } | undefined, dump: Dump | undefined): boolean {
  return position?.offset === dump?.head.offset
}

function judge(record: Record, dumps: ReadonlyMap<string, Dump>): Verdict {
  const { history } = record
  const at = history.at(-1)?.at ?? 0
  for (const [channel, { head, entries }] of dumps) {
    const dump: LogDump = { at, type: 'log', channel, epoch: head.epoch, entries, head }
    const own = history.filter((event) => 'channel' in event && event.channel === channel)
    const lineage = new TrueLineage(own, dump)
    history.forEach((event, i) => {
      if (event.type === 'rebase' && event.channel === channel) history[i] = { ...event, end: lineage.endOf(event) }
    })
    history.push(dump, { at, type: 'lineage', channel, epoch: head.epoch, ended: lineage.ended() })
  }
  return checkHistory(history, { lossyFaults: LOSSY_FAULTS })
}

function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const late = sleep(ms, undefined, { ref: false }).then(() => {
    throw new Error(`waited ${ms} ms for ${what}`)
  })
  return Promise.race([promise, late])
}
