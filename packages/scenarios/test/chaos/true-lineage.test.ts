import { describe, expect, test } from 'vitest'
import { TrueLineage } from '../../src/chaos/true-lineage.js'
import type { HistoryEvent, LogDump } from '../../src/history/index.js'

const channel = 'room'

function delivered(epoch: string, ...entries: ReadonlyArray<readonly [offset: number, id: string]>): HistoryEvent[] {
  return entries.map(([offset, id]) => {
    return { type: 'deliver', at: 0, subscriber: 's', channel, id, position: { epoch, offset } }
  })
}

function log(epoch: string, ...ids: string[]): LogDump {
  const entries = ids.map((id, i) => ({ offset: i + 1, id }))
  return { type: 'log', at: 0, channel, epoch, entries, head: { epoch, offset: ids.length } }
}

test('an epoch that lost nothing ends at the last message it was seen to hold', () => {
  const lineage = new TrueLineage(delivered('a.1', [1, 'x'], [2, 'y']), log('a.2~2~1', 'x', 'y', 'z'))
  expect(lineage.ended()).toEqual([{ epoch: 'a.1', end: 2 }])
  expect(lineage.endOf({ from: 'a.1', to: 'a.2~2~1' })).toBe(2)
})

test('an epoch whose last messages were replaced ends before the first of them', () => {
  const history = delivered('a.1', [1, 'x'], [2, 'lost'], [3, 'gone'])
  const lineage = new TrueLineage(history, log('a.2', 'x', 'other', 'gone'))
  expect(lineage.ended()).toEqual([{ epoch: 'a.1', end: 1 }])
  expect(lineage.endOf({ from: 'a.1', to: 'a.2' })).toBe(1)
})

test('an epoch whose last messages were lost, and not replaced, ends where the log ends', () => {
  const lineage = new TrueLineage(delivered('a.1', [1, 'x'], [2, 'lost']), log('a.2', 'x'))
  expect(lineage.ended()).toEqual([{ epoch: 'a.1', end: 1 }])
})

test('an epoch of another log is no part of the lineage', () => {
  const lineage = new TrueLineage(delivered('b.1', [1, 'x']), log('a.1', 'x'))
  expect(lineage.ended()).toEqual([])
  expect(lineage.endOf({ from: 'b.1', to: 'a.1' })).toBe(0)
})

test('two epochs that were both undone are compared with each other', () => {
  const history = [...delivered('a.1', [1, 'x'], [2, 'y'], [3, 'z']), ...delivered('a.2', [2, 'y'], [3, 'other'])]
  const lineage = new TrueLineage(history, log('c.1'))
  expect(lineage.endOf({ from: 'a.1', to: 'a.2' })).toBe(2)
})

test('an acknowledgement says what an epoch holds, as a delivery does', () => {
  const ok: HistoryEvent = {
    type: 'pub.ok',
    at: 0,
    publisher: 'p',
    channel,
    id: 'lost',
    position: { epoch: 'a.1', offset: 1 },
  }
  expect(new TrueLineage([ok], log('a.2', 'x')).ended()).toEqual([])
})

describe('a message at the same offset in two histories, sent again after the fork', () => {
  const history = [...delivered('a.1', [1, 'x'], [2, 'again']), ...delivered('a.2', [2, 'again'], [3, 'later'])]
  const final = log('a.2', 'x', 'again', 'later')
  const forks = [{ epoch: 'a.1', offset: 1 }]

  test('belongs to both, as long as nobody says where they went apart', () => {
    expect(new TrueLineage(history, final).ended()).toEqual([{ epoch: 'a.1', end: 2 }])
  })

  test('belongs to the one that took over alone, once the fork is known', () => {
    const lineage = new TrueLineage(history, final, forks)
    expect(lineage.ended()).toEqual([{ epoch: 'a.1', end: 1 }])
    expect(lineage.endOf({ from: 'a.1', to: 'a.2' })).toBe(1)
    expect(lineage.endOf({ from: 'a.2', to: 'a.1' })).toBe(1)
  })

  test('is no part of what was undone, seen from there', () => {
    const undone = new TrueLineage(history, log('a.1', 'x', 'again'), forks)
    expect(undone.ended()).toEqual([{ epoch: 'a.2', end: 1 }])
  })

  test('two epochs of one side of the fork are compared as ever', () => {
    const more = [...history, ...delivered('a.3', [3, 'later'])]
    const lineage = new TrueLineage(more, log('a.3', 'x', 'again', 'later'), forks)
    expect(lineage.ended()).toEqual([
      { epoch: 'a.1', end: 1 },
      { epoch: 'a.2', end: 3 },
    ])
  })
})

test('what was undone is common up to the fork, though nobody was seen to stand in it', () => {
  const lineage = new TrueLineage(delivered('a.2', [2, 'y']), log('a.2', 'x', 'y'), [{ epoch: 'a.1', offset: 1 }])
  expect(lineage.ended()).toEqual([{ epoch: 'a.1', end: 1 }])
})
