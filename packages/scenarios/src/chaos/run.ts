import { Chance } from '../sim/chance.js'
import { complaints } from './complaints.js'
import { faultOf, kindsFor } from './faults/index.js'
import type { Record } from './record.js'
import { playRound, type Load, type Round } from './round.js'
import { Stage, type Size } from './stage.js'
import { count, emptyTally, type Tally } from './tally.js'

/** What to run. */
export interface ChaosOptions extends Size, Load {
  readonly seed: number
  /** Kinds of faults, in this order first; after each of them once, they are drawn by the seed. */
  readonly kinds?: readonly string[]
  /** Number of the first round: what a round draws goes by the seed and its number. Default 1. */
  readonly first?: number
  /** Rounds are played until this is over, and each kind at least once. 0: each kind once. */
  readonly minutes: number
  /** The program of a server. */
  readonly program: string
  /** Is told how it goes. */
  readonly say: (line: string) => void
}

export interface Report {
  readonly tallies: ReadonlyMap<string, Tally>
  /** Rounds that broke a rule, and rounds that could not be played to their end. */
  readonly failures: readonly string[]
}

export const DEFAULTS = {
  backend: 'redis',
  nodes: 2,
  clients: 16,
  channels: 4,
  publishesPerSecond: 200,
  aroundMs: 1_000,
  usesDefaults: false,
} as const satisfies Size & Load

/** Plays rounds and judges them. The same seed draws the same faults at the same moments of a round. */
export async function runChaos(options: ChaosOptions): Promise<Report> {
  const { seed, minutes, say, first = 1 } = options
  const kinds = options.kinds ?? kindsFor(options.backend)
  const tallies = new Map<string, Tally>(kinds.map((kind) => [kind, emptyTally()]))
  const failures: string[] = []
  const order = new Chance(seed, 'order')
  const stage = await Stage.start(options.program, options, say)
  const end = performance.now() + minutes * 60_000
  try {
    for (let i = 0; i < kinds.length || performance.now() < end; i++) {
      const kind = kinds[i] ?? order.pick(kinds)
      const name = `${seed}-${i + first}`
      try {
        const round = await playRound(stage, name, kind, options, new Chance(seed, `round ${i + first}`))
        const tally = tallies.get(kind)
        if (tally) count(tally, round)
        const wrong = complaints(round)
        failures.push(...wrong)
        say(`${name} ${kind}: ${summary(round)}`)
        for (const line of wrong) say(`  ${line}`)
      } catch (error) {
        const line = `${name} ${kind} could not be played: ${error instanceof Error ? error.stack : String(error)}`
        failures.push(line)
        say(line)
        break
      }
    }
  } finally {
    await stage.close()
  }
  return { tallies, failures }
}

function summary({ record, verdict, unknownCalls, repeats, healedMs }: Round): string {
  const gaps = Object.entries(verdict.gaps).flatMap(([reason, number]) => (number ? [`${number} ${reason}`] : []))
  const told = gaps.length > 0 ? `, gaps told: ${gaps.join(', ')}` : ''
  const lost = verdict.lost ? `, ${verdict.lost} lost by Redis` : ''
  const calls = `${verdict.answered} calls answered${unknownCalls ? `, ${unknownCalls} of unknown outcome` : ''}`
  const repeated = `${repeats.afterError} + ${repeats.inDoubt} repeated`
  const values = `${verdict.otherDeliveries.latest} values`
  return `${verdict.judgedDeliveries} deliveries, ${verdict.acknowledged} acknowledged${lost}${told}, ${repeated}, ${values}, ${calls}, all there after ${healedMs} ms${noted(record)}`
}

/** What faults found out. */
function noted({ history }: Record): string {
  return history
    .flatMap((event) => (event.type === 'fault' && event.detail ? [`, ${JSON.stringify(event.detail)}`] : []))
    .join('')
}

/** Whether a name is one of a fault. */
export function isKind(name: string): boolean {
  return faultOf(name) !== undefined
}
