import type { ClientSize } from './clients.js'
import type { ContenderName } from './contenders/index.js'
import { median } from './numbers/median.js'
import type { Measurement, RowFacts, Target } from './row.js'

/** What one contender gave in a row. */
export interface ContenderResult {
  /** Who. */
  readonly name: ContenderName
  /** Median of its runs, in the unit of the row. */
  readonly median: number
  /** Its runs, in their order. */
  readonly runs: readonly number[]
  /** Medians of the details. */
  readonly details: Readonly<Record<string, number>>
}

/** A target, and what came of it. */
export interface Verdict extends Target {
  /** What was measured: a ratio, or a number. */
  readonly measured: number
  /** Whether that is enough. */
  readonly isMet: boolean
}

/** What a row gave. */
export interface RowResult {
  readonly id: string
  readonly title: string
  readonly unit: string
  readonly contenders: readonly ContenderResult[]
  readonly verdicts: readonly Verdict[]
  /** When it was measured by itself, after the run of all, as ISO 8601. */
  readonly date?: string
  /** How many servers shared a Redis; absent: there was one, without. */
  readonly nodes?: number
}

/** All that a run of the bench gave. */
export interface Results {
  /** When it ended, as ISO 8601. */
  readonly date: string
  /** What it ran on. */
  readonly machine: Readonly<Record<string, string>>
  /** Versions of what was measured. */
  readonly versions: Readonly<Record<string, string>>
  /** How it was run. */
  readonly settings: { readonly runs: number; readonly seconds: number; readonly scale: number }
  readonly rows: readonly RowResult[]
  /** Rows that gave no numbers. */
  readonly failures: readonly Failure[]
  /** What pages download; ours first. */
  readonly clients: readonly ClientSize[]
}

/** A row that failed. */
export interface Failure {
  readonly id: string
  readonly why: string
}

/** Sums a row up. @throws Error when a contender has no run. */
export function summarize(
  { id, title, unit, contenders, targets, nodes }: RowFacts & { readonly nodes?: number | undefined },
  measured: ReadonlyMap<ContenderName, readonly Measurement[]>,
): RowResult {
  const results = contenders.map((name): ContenderResult => {
    const runs = measured.get(name) ?? []
    const keys = Object.keys(runs[0]?.details ?? {})
    return {
      name,
      median: median(runs.map(({ value }) => value)),
      runs: runs.map(({ value }) => value),
      details: Object.fromEntries(keys.map((key) => [key, median(runs.map(({ details }) => details?.[key] ?? NaN))])),
    }
  })
  return {
    id,
    title,
    unit,
    contenders: results,
    verdicts: targets.map((target) => judge(target, results)),
    ...(nodes && { nodes }),
  }
}

/** How ours stands to another contender in the number of the row or in a detail; `undefined` when one of them has none. */
export function ratioTo(other: ContenderName, results: readonly ContenderResult[], of?: string): number | undefined {
  const [ours, theirs] = [numberOf('realtime', results, of), numberOf(other, results, of)]
  return ours === undefined || theirs === undefined ? undefined : ours / theirs
}

function judge(target: Target, results: readonly ContenderResult[]): Verdict {
  const { against, of, atMost } = target
  const measured = against === undefined ? numberOf('realtime', results, of) : ratioTo(against, results, of)
  if (measured === undefined || Number.isNaN(measured)) throw new Error('a target names what was not measured')
  return { ...target, measured, isMet: measured <= atMost }
}

function numberOf(name: ContenderName, results: readonly ContenderResult[], of?: string): number | undefined {
  const result = results.find((candidate) => candidate.name === name)
  return of === undefined ? result?.median : result?.details[of]
}
