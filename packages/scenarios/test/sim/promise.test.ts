import { expect, test } from 'vitest'
import { describeViolation, serializeHistory } from '../../src/history/index.js'
import { FAULTS } from '../../src/sim/faults.js'
import { simulate, type Run } from '../../src/sim/run.js'

/** Set `SEED` to begin elsewhere, and `RUNS=1` to look at that one schedule only. */
const FIRST_SEED = Number(process.env['SEED'] ?? 1)
const ONLY_RUNS = Number(process.env['RUNS'] ?? 0)

const LEAST_DELIVERIES = 100_000
const LEAST_HITS = 100
/** Deliveries of `latest` and of `ephemeral` channels. */
const LEAST_OTHERS = 10_000
const LEAST_ANSWERS = 5_000
const MOST_RUNS = 800
const REPEATED_RUNS = 20

test('nothing is lost in silence, doubled or falsely told, through every kind of fault', {
  timeout: 600_000,
}, async () => {
  const hits = new Map(Object.keys(FAULTS).map((kind) => [kind, 0]))
  const gaps: Record<string, number> = {}
  let deliveries = 0
  const others = { latest: 0, ephemeral: 0 }
  let acknowledged = 0
  let answered = 0
  let runs = 0
  const enough = () =>
    ONLY_RUNS ? runs >= ONLY_RUNS : deliveries >= LEAST_DELIVERIES && [...hits.values()].every((n) => n >= LEAST_HITS)
  while (!enough() && runs < MOST_RUNS) {
    const run = await simulate(FIRST_SEED + runs)
    runs += 1
    expectNoViolation(run)
    deliveries += run.verdict.judgedDeliveries
    acknowledged += run.verdict.acknowledged
    answered += run.verdict.answered
    others.latest += run.verdict.otherDeliveries.latest
    others.ephemeral += run.verdict.otherDeliveries.ephemeral
    for (const [kind, count] of run.faults) hits.set(kind, (hits.get(kind) ?? 0) + count)
    for (const [reason, count] of Object.entries(run.verdict.gaps)) gaps[reason] = (gaps[reason] ?? 0) + count
  }
  console.log(
    `${runs} schedules: ${deliveries} deliveries judged, ${acknowledged} publishes acknowledged, ${answered} calls answered, no violation\n` +
      `of other modes: ${show(Object.entries(others))}\n` +
      `faults: ${show(hits)}\ngaps told: ${show(Object.entries(gaps))}`,
  )
  if (ONLY_RUNS) return
  expect(deliveries).toBeGreaterThanOrEqual(LEAST_DELIVERIES)
  expect(answered).toBeGreaterThanOrEqual(LEAST_ANSWERS)
  for (const [mode, count] of Object.entries(others)) expect(count, mode).toBeGreaterThanOrEqual(LEAST_OTHERS)
  for (const [kind, count] of hits) expect(count, `hits of ${kind}`).toBeGreaterThanOrEqual(LEAST_HITS)
})

test('the same seed gives the same history, byte for byte', { timeout: 120_000 }, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + REPEATED_RUNS; seed++) {
    const first = serializeHistory((await simulate(seed)).history)
    const second = serializeHistory((await simulate(seed)).history)
    expect(second === first, `seed ${seed} gave two histories`).toBe(true)
    expect(first.length).toBeGreaterThan(10_000)
  }
})

function expectNoViolation({ seed, verdict, surprises }: Run): void {
  const found = verdict.violations.slice(0, 3).map(describeViolation)
  const thrown = surprises.slice(0, 3).map(String)
  const message = `seed ${seed} (SEED=${seed} RUNS=1 runs it alone):\n${[...found, ...thrown].join('\n')}`
  if (found.length + thrown.length > 0) throw new Error(message)
}

function show(counts: Iterable<readonly [string, number]>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ')
}
