import { beforeAll, expect, test } from 'vitest'
import { FAULTS, kindsFor, LOSSY_FAULTS } from '../../src/chaos/faults/index.js'
import type { Report } from '../../src/chaos/run.js'
import { playAll } from './support/run.js'

const kinds = kindsFor('redis')
const lossless = kinds.filter((kind) => !LOSSY_FAULTS.includes(kind))
let report: Report

beforeAll(async () => {
  report = await playAll({ backend: 'redis', aroundMs: 700 })
})

test.each(lossless)('two servers and Redis, %s: nothing is lost, nothing comes twice, no loss is told', (kind) => {
  const tally = report.tallies.get(kind)
  expect(tally?.deliveries).toBeGreaterThan(1_000)
  expect(tally).toMatchObject({
    told: { rollback: 0, epoch: 0, unknown: 0 },
    lostByStore: 0,
    storedTwice: 0,
    lostInSilence: 0,
    doubled: 0,
    falseGaps: 0,
    other: 0,
  })
})

test.each(kinds)(
  'two servers and Redis, %s: everybody has the newest values in the end, and never an older one after a newer',
  (kind) => {
    const tally = report.tallies.get(kind)
    expect(tally?.values).toBeGreaterThan(100)
    expect(tally?.wrongValues).toBe(0)
  },
)

test.each(kinds)(
  'two servers and Redis, %s: everybody sees who is there in the end, and nobody is told as gone who stayed',
  (kind) => {
    const tally = report.tallies.get(kind)
    expect(tally?.lists).toBeGreaterThan(100)
    expect(tally?.wrongPresence).toBe(0)
  },
)

test.each(kinds)(
  'two servers and Redis, %s: a call runs once unless it is idempotent, and ends once, with its own answer or none',
  (kind) => {
    const tally = report.tallies.get(kind)
    expect(tally?.answered).toBeGreaterThan(10)
    expect(tally?.wrongCalls).toBe(0)
  },
)

test.each(kinds)(
  "two servers and Redis, %s: a server's own publish is repeated with its key, and stored once",
  (kind) => {
    const tally = report.tallies.get(kind)
    expect(tally?.repeatsInDoubt).toBeGreaterThan(0)
    expect(tally?.storedTwice).toBe(0)
  },
)

test("two servers and Redis: servers' own publishes are repeated after errors, too", () => {
  const repeats = [...report.tallies.values()].map(({ repeatsAfterError }) => repeatsAfterError)
  expect(repeats.filter((count) => count > 0).length).toBeGreaterThan(5)
})

test.each(LOSSY_FAULTS)(
  'two servers and Redis, %s: what Redis loses is told to everybody, and nothing else is',
  (kind) => {
    const tally = report.tallies.get(kind)
    expect(tally?.deliveries).toBeGreaterThan(1_000)
    expect(tally).toMatchObject({ storedTwice: 0, lostInSilence: 0, doubled: 0, falseGaps: 0, other: 0 })
    // A fault that lost nothing would show nothing; of several at once the others may have kept the messages from being stored.
    if (kind.startsWith('mixed.')) return
    expect(tally?.lostByStore).toBeGreaterThan(0)
    for (const reason of FAULTS[kind]?.tells ?? []) expect(tally?.told[reason]).toBeGreaterThan(0)
  },
)

test('two servers and Redis: who was away is told what a log that keeps few messages trimmed', () => {
  expect(report.tallies.get('client.away')?.told.trimmed).toBeGreaterThan(0)
})

test.each(LOSSY_FAULTS)(
  'two servers and Redis, %s: a loss is told with its own reason, and no other gap is',
  (kind) => {
    const reasons = Object.entries(report.tallies.get(kind)?.told ?? {}).flatMap(([reason, gaps]) =>
      gaps > 0 ? [reason] : [],
    )
    expect(FAULTS[kind]?.tells).toEqual(expect.arrayContaining(reasons))
  },
)

test('two servers and Redis: every round was played to its end, and broke no rule', () => {
  expect(report.failures).toEqual([])
})
