import { beforeAll, expect, test } from 'vitest'
import type { Report } from '../../src/chaos/run.js'
import { playAll } from './support/run.js'

// The others take their time, and are played on Redis.
const kinds = ['client.away', 'client.slow', 'client.stall', 'client.storm', 'node.stop']
let report: Report

beforeAll(async () => {
  report = await playAll({ backend: 'memory', kinds, nodes: 1, clients: 8, publishesPerSecond: 100, aroundMs: 400 })
})

test.each(kinds)(
  'one server, %s: nothing is lost in silence, nothing comes twice, no loss is told; values, presence and calls are right',
  (kind) => {
    const tally = report.tallies.get(kind)
    expect(tally?.deliveries).toBeGreaterThan(100)
    expect(tally?.told).toMatchObject({ rollback: 0, epoch: 0, unknown: 0 })
    expect(tally).toMatchObject({ storedTwice: 0, lostInSilence: 0, doubled: 0, falseGaps: 0, other: 0 })
    expect(tally?.values).toBeGreaterThan(50)
    expect(tally?.lists).toBeGreaterThan(50)
    expect(tally?.answered).toBeGreaterThan(10)
    expect(tally).toMatchObject({ wrongValues: 0, wrongPresence: 0, wrongCalls: 0 })
  },
)

test('one server: every round was played to its end, and broke no rule', () => {
  expect(report.failures).toEqual([])
})
