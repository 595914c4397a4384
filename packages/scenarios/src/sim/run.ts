import { checkHistory, type HistoryEvent, type Verdict } from '../history/index.js'
import { callEachOther } from './call-workload.js'
import { Chance } from './chance.js'
import { giveAll } from './giving.js'
import { DISABLING_FAULTS, FAULTS, LASTING_FAULTS, LONGEST_STOP_MS, LOSSY_FAULTS } from './faults.js'
import { NEVER_TRIMMED, planFor } from './plan.js'
import { AUDITING_MS, auditPresence, bePresent, SETTLE_MS } from './presence-workload.js'
import { NODE_LIMITS } from './server-node.js'
import { World } from './world.js'

/** What came of one simulation. */
export interface Run {
  readonly seed: number
  readonly history: readonly HistoryEvent[]
  readonly verdict: Verdict
  /** How often each kind of fault happened. */
  readonly faults: ReadonlyMap<string, number>
  /** Errors that no code of ours should have thrown. */
  readonly surprises: readonly unknown[]
}

/** Time within which the older link of a session has to be closed. */
const SUPERSEDE_MS = 1_000
/** Time by which the last fault is over. */
const SETTLING_MS = 6_000
/** Time after the last fault in which everything has to come right: half-open links are found by their heartbeats. */
const HEALING_MS = 100_000 + AUDITING_MS
/** Time after the last fault in which everybody who is gone has to be gone for everybody. */
const CALM_MS = 78_000
/** Time that nodes may take beyond the time to live to take out whom they lost: all of them can be stopped. */
const STOPPED_MS = LONGEST_STOP_MS + 3_000
/** Time for which messages flow again after the healing, so that holes left in quiet channels show. */
const FLUSH_MS = 5_000
/** Time for the last of them to be answered and to arrive, over the slowest links there are. */
const LAST_MS = 30_000

/** Runs one simulation on virtual time and judges it. The same seed gives the same history, byte for byte. */
export async function simulate(seed: number): Promise<Run> {
  const plan = planFor(new Chance(seed, 'plan'))
  const world = new World(seed, plan)
  const chance = world.chance('workload')
  const { time, clients } = world

  for (const client of clients.slice(plan.publishOnly)) for (const channel of world.all) client.subscribe(channel)
  for (const client of clients) {
    const publish = () => {
      if (time.now > plan.activeMs) return
      const count = 1 + chance.index(plan.burst)
      for (let i = 0; i < count; i++)
        client.publish(chance.pick(world.writable), chance.happens(0.3) ? chance.index(1_500) : 0)
      time.after(count * chance.between(0, 2 * plan.publishEveryMs), publish)
    }
    time.after(chance.between(0, 500), publish)
    publishPersonally(world, chance, client.name)
  }
  bePresent(world)
  callEachOther(world)
  giveAll(world)
  const kinds = Object.entries(FAULTS).filter(([kind]) => !plan.endsQuietly || kind !== 'backend.delivery-loss')
  for (let i = 0; i < plan.faults; i++) {
    time.after(world.faultChance.between(500, plan.activeMs), () => {
      const [kind, fault] = world.faultChance.pick(kinds)
      fault(world, kind)
    })
  }
  const healed = plan.activeMs + SETTLING_MS
  time.after(healed, () => world.record({ type: 'heal' }))
  if (plan.endsQuietly) time.after(healed, () => lastWords(world))
  else for (let i = 0; i < FLUSH_MS; i += 500) time.after(healed + HEALING_MS + i, () => publishEverywhere(world))
  auditPresence(world, healed + CALM_MS)
  await time.runUntil(healed + HEALING_MS + FLUSH_MS + LAST_MS)
  await world.close()

  const verdict = checkHistory(world.history, {
    lossyFaults: LOSSY_FAULTS,
    mayTrim: plan.logMessages < NEVER_TRIMMED,
    // A node that is stopped lets go of its links when it is continued.
    supersedeWithinMs: world.faults.has('node.stop') ? LONGEST_STOP_MS + SUPERSEDE_MS : SUPERSEDE_MS,
    presence: {
      withinMs: NODE_LIMITS.presenceTtlMs + NODE_LIMITS.presenceGraceMs + STOPPED_MS,
      settleMs: SETTLE_MS,
      graceMs: NODE_LIMITS.presenceGraceMs,
      disabling: DISABLING_FAULTS,
      lasting: LASTING_FAULTS,
      lastingMs: LONGEST_STOP_MS,
    },
  })
  return { seed, history: world.history, verdict, faults: world.faults, surprises: world.surprises }
}

/**
 * Slow answers of the backend and a failover while the last messages are published: they meet nodes that are reading the log to
 * verify their positions, and nothing comes after them that would show a hole.
 */
function lastWords(world: World): void {
  for (const { weather } of world.nodes) {
    weather.extraMs = 400
    world.time.after(5_000, () => (weather.extraMs = 0))
  }
  for (let i = 0; i < 12; i++) world.time.after(i * 60, () => publishEverywhere(world))
  world.time.after(600, () => FAULTS['failover.lossless']?.(world, 'failover.lossless'))
}

/** The application tells a user something now and then. */
function publishPersonally(world: World, chance: Chance, user: string): void {
  const { time, plan } = world
  let count = 0
  const publish = (): void => {
    if (time.now > plan.activeMs) return
    world.publishToUser(user, `${user} ${++count}`)
    time.after(chance.between(0, 6 * plan.publishEveryMs), publish)
  }
  time.after(chance.between(0, 500), publish)
}

function publishEverywhere(world: World): void {
  for (const client of world.clients) {
    for (const channel of world.writable) client.publish(channel, 0)
    world.publishToUser(client.name, `${client.name} at ${world.time.now}`)
  }
}
