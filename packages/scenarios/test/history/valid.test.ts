import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CheckOptions, checkHistory, describeViolation, type HistoryEvent } from '../../src/history/index.js'
import {
  at,
  connUp,
  deliver,
  end,
  fail,
  fault,
  finalLog,
  gap,
  invoke,
  linkClose,
  linkOpen,
  nowhere,
  ok,
  publish,
  rebase,
  record,
  restart,
  rolledBack,
  subscribe,
  unknown,
  unsubscribe,
} from './record.js'
import { walks } from './walks.js'
import { LOSSY_FAULTS } from './world.js'

const lossy: CheckOptions = { lossyFaults: LOSSY_FAULTS }

function expectValid(history: readonly HistoryEvent[], options: CheckOptions = {}) {
  const verdict = checkHistory(history, options)
  expect(verdict.violations.map(describeViolation)).toEqual([])
  return verdict
}

describe('a written history is valid:', () => {
  test('nothing happens', () => {
    expectValid(record(end))
  })

  test('a subscription of a channel nobody has written to', () => {
    expectValid(record(subscribe(nowhere), finalLog('', [])))
  })

  test('a subscription that starts at the null position gets offset 1 of any epoch', () => {
    const history = record(
      subscribe(nowhere),
      publish('a', at('e', 1)),
      deliver('a', at('e', 1)),
      publish('b', at('e', 2)),
      deliver('b', at('e', 2)),
      finalLog('e', ['a', 'b']),
    )
    expect(expectValid(history)).toMatchObject({ judgedDeliveries: 2, acknowledged: 2, subscriptions: 1, lost: 0 })
  })

  test('the null position, after its first messages were trimmed', () => {
    const history = record(
      subscribe(nowhere),
      publish('a', at('e', 1)),
      publish('b', at('e', 2)),
      gap('trimmed', 1, 1, at('e', 1)),
      deliver('b', at('e', 2)),
      finalLog('e', ['b'], { first: 2 }),
    )
    expectValid(history)
  })

  test('a delivery overtakes the acknowledgement', () => {
    const history = record(
      subscribe(nowhere),
      invoke('a'),
      deliver('a', at('e', 1)),
      ok('a', at('e', 1)),
      finalLog('e', ['a']),
    )
    expectValid(history)
  })

  test('a rebase after a failover without loss', () => {
    const history = record(
      subscribe(nowhere),
      publish('a', at('e', 1)),
      deliver('a', at('e', 1)),
      fault('failover.clean'),
      publish('b', at('f', 2)),
      rebase('e', 1, 'f'),
      deliver('b', at('f', 2)),
      finalLog('f', ['a', 'b'], { ended: [{ epoch: 'e', end: 1 }] }),
    )
    expectValid(history, lossy)
  })

  test('a failover without loss that nobody needs to hear of, since nothing is written after it', () => {
    const history = record(
      subscribe(nowhere),
      publish('a', at('e', 1)),
      deliver('a', at('e', 1)),
      fault('failover.clean'),
      finalLog('f', ['a'], { ended: [{ epoch: 'e', end: 1 }] }),
    )
    expectValid(history)
  })

  const rolledBackHistory = record(
    subscribe(nowhere),
    publish('a', at('e', 1)),
    publish('b', at('e', 2)),
    deliver('a', at('e', 1)),
    deliver('b', at('e', 2)),
    fault('failover.lossy'),
    connUp(),
    rolledBack('b'),
    publish('c', at('f', 2)),
    gap('rollback', 2, 2, at('f', 1)),
    deliver('c', at('f', 2)),
    finalLog('f', ['a', 'c'], { ended: [{ epoch: 'e', end: 1 }] }),
  )

  test('a rollback after a lossy failover, with offsets that are issued again', () => {
    expect(expectValid(rolledBackHistory, lossy)).toMatchObject({ lost: 1, gaps: { rollback: 1 } })
  })

  test('a lost message that a retry stores again is delivered again, since its first position was told gone', () => {
    const history = record(
      subscribe(nowhere),
      invoke('a'),
      deliver('a', at('e', 1)),
      fault('failover.lossy'),
      publish('b', at('f', 1)),
      gap('epoch', 1, 1, at('f', 0)),
      deliver('b', at('f', 1)),
      ok('a', at('f', 2)),
      deliver('a', at('f', 2)),
      finalLog('f', ['b', 'a']),
    )
    expect(expectValid(history, lossy).lost).toBe(0)
  })

  test('a minority master acknowledges and delivers what is lost when it comes back', () => {
    const history = record(
      subscribe(nowhere, undefined, 'minority'),
      subscribe(nowhere),
      publish('a', at('e', 1)),
      deliver('a', at('e', 1)),
      deliver('a', at('e', 1), 'minority'),
      fault('failover.lossy'),
      invoke('b', 'q'),
      ok('b', at('e', 2), 'q'),
      deliver('b', at('e', 2), 'minority'),
      publish('c', at('f', 2)),
      rebase('e', 1, 'f'),
      deliver('c', at('f', 2)),
      gap('rollback', 2, 2, at('f', 1), 'minority'),
      deliver('c', at('f', 2), 'minority'),
      fault('failover.lossy'),
      connUp('q'),
      rolledBack('b', 'q'),
      finalLog('f', ['a', 'c'], { ended: [{ epoch: 'e', end: 1 }] }),
    )
    expectValid(history, lossy)
  })

  test.each([0, 1])('an epoch gap after the death of a backend, going on at offset 1, told as %i', (to) => {
    const history = record(
      subscribe(nowhere),
      publish('a', at('e', 1)),
      deliver('a', at('e', 1)),
      fault('backend.death'),
      publish('b', at('f', 1)),
      rolledBack('a'),
      gap('epoch', 1, to, at('f', 0)),
      deliver('b', at('f', 1)),
      finalLog('f', ['b']),
    )
    expectValid(history, lossy)
  })

  test('a death after which nothing is written leaves everybody at the null position', () => {
    const history = record(
      subscribe(nowhere),
      publish('a', at('e', 1)),
      deliver('a', at('e', 1)),
      fault('backend.death'),
      gap('epoch', 1, 0, nowhere),
      finalLog('', []),
    )
    expect(expectValid(history, lossy).lost).toBe(1)
  })

  test('a restart from the stored position', () => {
    const history = record(
      subscribe(nowhere),
      publish('a', at('e', 1)),
      deliver('a', at('e', 1)),
      restart(at('e', 1)),
      publish('b', at('e', 2)),
      deliver('b', at('e', 2)),
      finalLog('e', ['a', 'b']),
    )
    expectValid(history)
  })

  test('a restart from an older position takes back what came after it, and gets it again', () => {
    const history = record(
      subscribe(nowhere),
      publish('a', at('e', 1)),
      publish('b', at('e', 2)),
      deliver('a', at('e', 1)),
      deliver('b', at('e', 2)),
      restart(at('e', 1)),
      deliver('b', at('e', 2)),
      finalLog('e', ['a', 'b']),
    )
    expectValid(history)
  })

  test('a restart from before a told rollback is told it again', () => {
    const [last, log, lineage] = finalLog('f', ['a', 'c'], { ended: [{ epoch: 'e', end: 1 }] })
    const told = rolledBackHistory.filter(({ type }) => !['end', 'log', 'lineage'].includes(type))
    const again = [restart(at('e', 2)), gap('rollback', 2, 2, at('f', 1)), deliver('c', at('f', 2))]
    expectValid(record(told, again, last ?? [], log ?? [], lineage ?? []), lossy)
  })

  test('an unknown publish that was stored once, one that was not, and one that was refused', () => {
    const history = record(
      subscribe(nowhere),
      [invoke('a'), unknown('a')],
      [invoke('b'), unknown('b')],
      [invoke('c'), fail('c')],
      deliver('b', at('e', 1)),
      finalLog('e', ['b']),
    )
    expectValid(history)
  })

  test('a position that is asked for is answered in the epoch that continues it', () => {
    const history = record(
      publish('a', at('e', 1)),
      publish('b', at('f', 2)),
      subscribe(at('f', 1), at('e', 1)),
      deliver('b', at('f', 2)),
      finalLog('f', ['a', 'b'], { ended: [{ epoch: 'e', end: 1 }] }),
    )
    expectValid(history)
  })

  test('a position that is asked for and trimmed is told, though the answer already stands after the gap', () => {
    const history = record(
      [publish('a', at('e', 1)), publish('b', at('e', 2)), publish('c', at('e', 3))].flat(),
      subscribe(at('e', 2), at('e', 0)),
      gap('trimmed', 1, 2, at('e', 2)),
      deliver('c', at('e', 3)),
      finalLog('e', ['c'], { first: 3 }),
    )
    expectValid(history)
  })

  test('a subscription that ended may miss what was on its way, and a new one owes nothing of it', () => {
    const history = record(
      subscribe(nowhere),
      publish('a', at('e', 1)),
      unsubscribe(),
      subscribe(at('e', 1)),
      publish('b', at('e', 2)),
      deliver('b', at('e', 2)),
      finalLog('e', ['a', 'b']),
    )
    expectValid(history)
  })

  test('a subscription that ended before it could hear of a loss', () => {
    const history = record(
      subscribe(nowhere),
      publish('a', at('e', 1)),
      deliver('a', at('e', 1)),
      fault('backend.death'),
      unsubscribe(),
      finalLog('', []),
    )
    expectValid(history, lossy)
  })

  test('a publisher that forgot the lost publish in time', () => {
    const kept = Array.from({ length: 3 }, (_, i) => publish(`k${i}`, at('f', i + 1)))
    const history = record(publish('a', at('e', 1)), fault('backend.death'), ...kept, finalLog('f', ['k0', 'k1', 'k2']))
    expect(checkHistory(history, { ...lossy, publisherMemory: 2 }).violations).toMatchObject([{ rule: 6 }])
    expectValid(history, { ...lossy, publisherMemory: 1 })
  })

  test('a newer link of a session, and the older one closed in time', () => {
    expectValid(record(linkOpen('l1'), linkOpen('l2'), linkClose('l1'), linkClose('l2'), linkOpen('l3'), end))
  })
})

describe('a generated history is valid:', () => {
  test('any run without loss and trimming, and no gap is told in it', () => {
    let judged = 0
    fc.assert(
      fc.property(walks.quiet, (history) => {
        const { gaps, judgedDeliveries, lost } = expectValid(history)
        expect(gaps).toEqual({ trimmed: 0, slow: 0, rollback: 0, epoch: 0, unknown: 0 })
        expect(lost).toBe(0)
        judged += judgedDeliveries
      }),
      { numRuns: 200 },
    )
    expect(judged).toBeGreaterThan(1000)
  })

  test('any run that only trims, and its trimmed messages need no option as their proof', () => {
    const told = { trimmed: 0, slow: 0 }
    fc.assert(
      fc.property(walks.trimming, (history) => {
        const { gaps } = expectValid(history)
        told.trimmed += gaps.trimmed
        told.slow += gaps.slow
      }),
      { numRuns: 200 },
    )
    for (const count of Object.values(told)) expect(count).toBeGreaterThan(0)
  })

  test('any run that loses data and tells it', () => {
    const told = { rollback: 0, epoch: 0, unknown: 0, lost: 0 }
    fc.assert(
      fc.property(walks.losing, (history) => {
        const { gaps, lost } = expectValid(history, lossy)
        expect(gaps).toMatchObject({ trimmed: 0, slow: 0 })
        told.rollback += gaps.rollback
        told.epoch += gaps.epoch
        told.unknown += gaps.unknown
        told.lost += lost
      }),
      { numRuns: 300 },
    )
    for (const count of Object.values(told)) expect(count).toBeGreaterThan(0)
  })

  test('any run with trimming and losses mixed', () => {
    fc.assert(
      fc.property(walks.everything, (history) => {
        expectValid(history, { ...lossy, mayTrim: true })
      }),
      { numRuns: 300 },
    )
  })
})
