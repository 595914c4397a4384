import { expect, test } from 'vitest'
import { complaints } from '../../src/chaos/complaints.js'
import { Record } from '../../src/chaos/record.js'
import { broken, cannedRound } from './support/canned.js'

const none = { trimmed: 0, slow: 0, rollback: 0, epoch: 0, unknown: 0 }

test('a round that broke nothing and showed everything passes', () => {
  expect(complaints(cannedRound({ gaps: none }))).toEqual([])
})

test('each violation fails it, with its law, and so does each error that nobody foresaw', () => {
  const round = cannedRound({ gaps: none, violations: broken(5, 9) })
  round.record.unexpected(new Error('a surprise'))
  const [surprise, ...violations] = complaints(round)
  expect(surprise).toContain('node.kill: Error: a surprise')
  expect(violations).toEqual([
    expect.stringMatching(/^node\.kill: rule 5, .*completeness/s),
    expect.stringMatching(/^node\.kill: rule 9, .*liveness/s),
  ])
})

test('a fault that cannot be shown to have happened fails it', () => {
  expect(complaints(cannedRound({ gaps: none, unproven: ['it rained'] }))).toEqual([
    'node.kill: it did not come true that it rained, so nothing is shown',
  ])
})

test('a round in which nothing was delivered, answered or looked at fails', () => {
  const { verdict, ...round } = cannedRound({ gaps: none })
  const empty = { ...verdict, judgedDeliveries: 0, answered: 0, otherDeliveries: { latest: 0, ephemeral: 0 } }
  expect(complaints({ ...round, verdict: empty, record: new Record() })).toHaveLength(4)
})

test.each([
  ['node.kill', ['rollback', 'epoch', 'unknown']],
  ['redis.failover-lossy', ['trimmed', 'slow', 'epoch', 'unknown']],
  ['redis.evict-log', ['trimmed', 'slow', 'rollback', 'unknown']],
  ['mixed.lossy', ['trimmed', 'slow', 'unknown']],
])('of %s a gap that is told for a reason which is not its own fails it: %j', (kind, strange) => {
  expect(complaints(cannedRound({ kind }))).toEqual(
    strange.map((reason) => expect.stringContaining(`for the reason '${reason}', which it does not give`) as unknown),
  )
})
