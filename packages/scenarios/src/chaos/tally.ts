import { GAP_REASONS, type GapReason, type RuleNumber } from '../history/index.js'
import type { Round } from './round.js'

/** What was counted of one kind of fault. */
export interface Tally {
  rounds: number
  /** Deliveries that were judged. */
  deliveries: number
  /** Values of `latest` channels that were delivered and judged. */
  values: number
  /** Times that a watcher was told who is there. */
  lists: number
  /** Calls that were answered. */
  answered: number
  /** Calls of which nobody knows what became of them, as their callers were told. */
  unknownCalls: number
  /** How often a publish of a server's own was repeated with its key: after an error, and in doubt alone. */
  repeatsAfterError: number
  repeatsInDoubt: number
  /** Publishes that were acknowledged. */
  acknowledged: number
  /** Of those, how many Redis lost. */
  lostByStore: number
  /** Gaps told to subscribers, by reason. */
  told: Record<GapReason, number>
  /** Violations of the rules of outcomes, of loss, of doubles, of false gaps, of `latest` values, presence and calls, and of all others. */
  storedTwice: number
  lostInSilence: number
  doubled: number
  falseGaps: number
  wrongValues: number
  wrongPresence: number
  wrongCalls: number
  other: number
  /** Longest time from the end of the fault until everybody had everything. */
  healedMs: number
}

type Count = 'storedTwice' | 'lostInSilence' | 'doubled' | 'falseGaps' | 'wrongValues' | 'wrongPresence' | 'wrongCalls'

/** Which count a rule belongs to; the others are counted together. */
const COUNTS: Partial<Record<RuleNumber, Count>> = {
  2: 'storedTwice',
  4: 'doubled',
  5: 'lostInSilence',
  6: 'lostInSilence',
  8: 'falseGaps',
  9: 'lostInSilence',
  10: 'wrongPresence',
  12: 'wrongValues',
  14: 'wrongCalls',
}

export function emptyTally(): Tally {
  return {
    rounds: 0,
    deliveries: 0,
    values: 0,
    lists: 0,
    answered: 0,
    unknownCalls: 0,
    repeatsAfterError: 0,
    repeatsInDoubt: 0,
    acknowledged: 0,
    lostByStore: 0,
    told: { trimmed: 0, slow: 0, rollback: 0, epoch: 0, unknown: 0 },
    storedTwice: 0,
    lostInSilence: 0,
    doubled: 0,
    falseGaps: 0,
    wrongValues: 0,
    wrongPresence: 0,
    wrongCalls: 0,
    other: 0,
    healedMs: 0,
  }
}

/** Counts a round. */
export function count(tally: Tally, { verdict, unknownCalls, repeats, healedMs, record }: Round): void {
  tally.rounds += 1
  tally.deliveries += verdict.judgedDeliveries
  tally.values += verdict.otherDeliveries.latest
  tally.lists += record.history.filter(({ type }) => type === 'presence.seen').length
  tally.answered += verdict.answered
  tally.unknownCalls += unknownCalls
  tally.repeatsAfterError += repeats.afterError
  tally.repeatsInDoubt += repeats.inDoubt
  tally.acknowledged += verdict.acknowledged
  tally.lostByStore += verdict.lost
  for (const reason of GAP_REASONS) tally.told[reason] += verdict.gaps[reason]
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
      else if (name === 'told') for (const reason of GAP_REASONS) total.told[reason] += tally.told[reason]
      else total[name] += tally[name]
    }
  }
  return total
}

const COLUMNS: ReadonlyArray<readonly [title: string, value: (tally: Tally) => number]> = [
  ['rounds', ({ rounds }) => rounds],
  ['checked deliveries', ({ deliveries }) => deliveries],
  ['acknowledged publishes', ({ acknowledged }) => acknowledged],
  ['repeated', ({ repeatsAfterError, repeatsInDoubt }) => repeatsAfterError + repeatsInDoubt],
  ['stored twice', ({ storedTwice }) => storedTwice],
  ['lost in silence', ({ lostInSilence }) => lostInSilence],
  ['doubled', ({ doubled }) => doubled],
  ['false gaps', ({ falseGaps }) => falseGaps],
  ['values', ({ values }) => values],
  ['wrong values', ({ wrongValues }) => wrongValues],
  ['lists of members', ({ lists }) => lists],
  ['wrong presence', ({ wrongPresence }) => wrongPresence],
  ['calls answered', ({ answered }) => answered],
  ['of unknown outcome', ({ unknownCalls }) => unknownCalls],
  ['wrong calls', ({ wrongCalls }) => wrongCalls],
  ['other violations', ({ other }) => other],
  ['lost by Redis', ({ lostByStore }) => lostByStore],
  ['told of losses', ({ told }) => told.rollback + told.epoch + told.unknown],
  ['told of trims', ({ told }) => told.trimmed + told.slow],
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
