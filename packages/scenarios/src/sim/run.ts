import { checkHistory, type HistoryEvent, type Verdict } from '../history/index.js'
import { Chance } from './chance.js'
import { FAULTS, LOSSY_FAULTS } from './faults.js'
import { planFor } from './plan.js'
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

/** Time after the last fault in which everything has to come right: half-open links are found by their heartbeats. */
const HEALING_MS = 100_000
/** Time for which messages flow again after the healing, so that holes left in quiet channels show. */
const FLUSH_MS = 5_000

/** Runs one simulation on virtual time and judges it. The same seed gives the same history, byte for byte. */
export async function simulate(seed: number): Promise<Run> {
  const plan = planFor(new Chance(seed, 'plan'))
  const world = new World(seed, plan)
  const chance = world.chance('workload')
  const { time, clients, channels } = world

  for (const client of clients) for (const channel of channels) client.subscribe(channel)
  for (const client of clients) {
    const publish = () => {
      if (time.now > plan.activeMs) return
      client.publish(chance.pick(channels), chance.happens(0.3) ? chance.index(1_500) : 0)
      time.after(chance.between(0, 2 * plan.publishEveryMs), publish)
    }
    time.after(chance.between(0, 500), publish)
  }
  const kinds = Object.entries(FAULTS)
  for (let i = 0; i < plan.faults; i++) {
    time.after(world.faultChance.between(500, plan.activeMs), () => {
      const [kind, fault] = world.faultChance.pick(kinds)
      fault(world, kind)
    })
  }

  await time.runUntil(plan.activeMs + 6_000)
  world.record({ type: 'heal' })
  for (let i = 0; i < FLUSH_MS; i += 500) {
    for (const client of clients)
      for (const channel of channels) time.after(HEALING_MS + i, () => client.publish(channel, 0))
  }
  await time.runUntil(plan.activeMs + 6_000 + HEALING_MS + 2 * FLUSH_MS)
  await world.close()

  const verdict = checkHistory(world.history, { lossyFaults: LOSSY_FAULTS, mayTrim: plan.logMessages < 5_000 })
  return { seed, history: world.history, verdict, faults: world.faults, surprises: world.surprises }
}
