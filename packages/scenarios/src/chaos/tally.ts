import type { RuleNumber } from '../history/index.js'
import type { Round } from './round.js'

/** What was counted of one kind of fault. */
export interface Tally {
  rounds: number
  /** Deliveries that were judged. */
  deliveries: number
  /** Publishes that were acknowledged. */
  acknowledged: number
  /** Of those, how many Redis lost. */
  lostByStore: number
  /** Gaps told to subscribers. */
  toldGaps: number
  /** Violations of the rules of loss, of doubles, of false gaps, and of all others. */
  lostInSilence: number
  doubled: number
  falseGaps: number
  other: number
  /** Longest time from the end of the fault until everybody had everything. */
  healedMs: number
}

type Count = 'lostInSilence' | 'doubled' | 'falseGaps'

/** Which count a rule belongs to; the others are counted together. */
const COUNTS: Partial<Record<RuleNumber, Count>> = {
  4: 'doubled',
  5: 'lostInSilence',
  6: 'lostInSilence',
  8: 'falseGaps',
  9: 'lostInSilence',
}

export function emptyTally(): Tally {
  return {
    rounds: 0,
    deliveries: 0,
    acknowledged: 0,
    lostByStore: 0,
    toldGaps: 0,
    lostInSilence: 0,
    doubled: 0,
    falseGaps: 0,
    other: 0,
    healedMs: 0,
  }
}

/** Counts a round. */
export function count(tally: Tally, { verdict, healedMs, record }: Round): void {
  tally.rounds += 1
  tally.deliveries += verdict.judgedDeliveries
  tally.acknowledged += verdict.acknowledged
  tally.lostByStore += verdict.lost
  tally.toldGaps += Object.values(verdict.gaps).reduce((sum, gaps) => sum + gaps, 0)
  tally.healedMs = Math.max(tally.healedMs, healedMs)
  tally.other += record.surprises.length
  for (const { rule } of verdict.violations) tally[COUNTS[rule] ?? 'other'] += 1
}

/** All kinds together. */
export function sum(tallies: Iterable<Tally>): Tally {
  const total = emptyTally()
  for (const tally of tallies) {
    for (const name of Object.keys(total) as (keyof Tally)[]) {
      if (name === 'healedMs') total.healedMs = Math.max(total.healedMs, tally.healedMs)
      else total[name] += tally[name]
    }
  }
  return total
}

const COLUMNS: ReadonlyArray<readonly [title: string, value: (tally: Tally) => number]> = [
  ['rounds', ({ rounds }) => rounds],
  ['checked deliveries', ({ deliveries }) => deliveries],
  ['acknowledged publishes', ({ acknowledged }) => acknowledged],
  ['lost in silence', ({ lostInSilence }) => lostInSilence],
  ['doubled', ({ doubled }) => doubled],
  ['false gaps', ({ falseGaps }) => falseGaps],
  ['other violations', ({ other }) => other],
  ['lost by Redis', ({ lostByStore }) => lostByStore],
  ['told gaps', ({ toldGaps }) => toldGaps],
  ['all there after, ms', ({ healedMs }) => healedMs],
]

/** A table in Markdown: one line for each kind, and their sum. */
export function table(tallies: ReadonlyMap<string, Tally>): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  const row = (name: string, tally: Tally) =>
    line([name, ...COLUMNS.map(([, value]) => value(tally).toLocaleString('en'))])
  return [
    line(['fault', ...COLUMNS.map(([title]) => title)]),
    line(['---', ...COLUMNS.map(() => '---:')]),
    ...[...tallies].map(([kind, tally]) => row(`\`${kind}\``, tally)),
    row('all', sum(tallies.values())),
  ].join('\n')
}
