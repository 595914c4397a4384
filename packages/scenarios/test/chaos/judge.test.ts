import { describe, expect, test } from 'vitest'
import { judge, type Findings } from '../../src/chaos/judge.js'
import type { Happening } from '../../src/chaos/record.js'
import type { HistoryEvent, LogEntry, Position, StoredPresence } from '../../src/history/index.js'

const channel = 'room:1'
const kind = 'mixed.split-brain'

const at = (epoch: string, offset: number): Position => ({ epoch, offset })
const up = (node: string): Happening => ({ type: 'conn.up', client: 'c', session: `s on ${node}`, node, link: node })
const deliver = (id: string, position: Position): Happening => {
  return { type: 'deliver', subscriber: 'c', channel, id, position }
}
const published = (id: string, position: Position): Happening[] => [
  { type: 'pub.invoke', publisher: 'c', channel, id },
  { type: 'pub.ok', publisher: 'c', channel, id, position },
]
const entries = (...ids: string[]): LogEntry[] => ids.map((id, i) => ({ offset: i + 1, id }))

/** A client that moves from the new master to the old one, which goes on with `node1` alone, and back. */
function moved({ over, back }: { readonly over: string; readonly back: number }): Findings {
  const history: Happening[] = [
    up('node2'),
    { type: 'sub.ok', subscriber: 'c', channel, position: at('', 0) },
    ...published('a', at('e.1', 1)),
    deliver('a', at('e.1', 1)),
    { type: 'fault', kind },
    ...published('b', at('e.2', 2)),
    { type: 'rebase', subscriber: 'c', channel, from: 'e.1', end: 0, to: 'e.2' },
    deliver('b', at('e.2', 2)),
    up(over),
    { type: 'rollback', publisher: 'c', channel, ids: ['b'] },
    { type: 'gap', subscriber: 'c', channel, reason: 'rollback', from: back + 1, to: 2, position: at('e.1', back) },
    up('node2'),
    { type: 'rebase', subscriber: 'c', channel, from: 'e.1', end: 0, to: 'e.2' },
    ...(back === 0 ? [deliver('a', at('e.2', 1))] : []),
    deliver('b', at('e.2', 2)),
    { type: 'end' },
  ]
  return {
    history: history.map((event, i): HistoryEvent => ({ at: i, ...event })),
    logs: new Map([[channel, { head: at('e.2', 2), entries: entries('a', 'b') }]]),
    rooms: [channel],
    // Nobody has seen what the old master got after the fork: it died with it.
    undone: [{ channel, head: at('e.1', 2), entries: entries('a', 'x'), fork: 1, reached: 1, nodes: ['node1'] }],
  }
}

const broken = (findings: Findings) =>
  judge(findings, { at: 100, isTorn: true }).violations.map(({ rule, subscriber }) => [rule, subscriber])

describe('of two masters', () => {
  test('the old one may tell those who come to it that what the new one has is gone', () => {
    expect(broken(moved({ over: 'node1', back: 1 }))).toEqual([])
  })

  test('nobody may tell that of the old one on a server that is with the new one', () => {
    expect(broken(moved({ over: 'node2', back: 1 }))).toEqual([
      [8, undefined],
      [8, 'c'],
    ])
  })

  test('none may tell that what both have is gone', () => {
    expect(broken(moved({ over: 'node1', back: 0 }))).toEqual([[8, 'c']])
  })

  test('where a message is in both, at the same offset, the fork says whether its rollback is a false one', () => {
    const { undone, ...findings } = moved({ over: 'node1', back: 1 })
    const same = undone.map((log) => ({ ...log, entries: entries('a', 'b') }))
    expect(broken({ ...findings, undone: same })).toEqual([])
    expect(broken({ ...findings, undone: same.map((log) => ({ ...log, fork: 2 })) })).toEqual([
      [8, undefined],
      [8, 'c'],
    ])
  })

  describe('who is there in the end is compared all the same:', () => {
    const audited = (...members: StoredPresence[]): Findings => {
      const hall = 'hall:1'
      const history: Happening[] = [
        up('node1'),
        { type: 'link.open', session: 's on node1', node: 'node1', link: 'node1' },
        { type: 'presence.watch', client: 'c', channel: hall },
        { type: 'presence.call', client: 'c', user: 'c', channel: hall, id: 'c 1', action: 'enter', data: 'new' },
        { type: 'presence.seen', client: 'c', channel: hall, users: { c: 'new' } },
        { type: 'presence.settled', id: 'c 1', ok: true },
        { type: 'presence.audit', channel: hall, members },
        { type: 'end' },
      ]
      const stamped = history.map((event, i): HistoryEvent => ({ at: i, ...event }))
      return { history: stamped, logs: new Map(), rooms: [], undone: [] }
    }
    const session = 's on node1'

    test('as it should be', () => {
      expect(broken(audited({ session, user: 'c', data: 'new' }))).toEqual([])
    })

    test('a session of the other master that is still there', () => {
      expect(broken(audited({ session, user: 'c', data: 'new' }, { session: 'x', user: 'c', data: 'old' }))).toEqual([
        [10, undefined],
      ])
    })

    test('somebody who is missing', () => {
      expect(broken(audited())).toEqual([[10, undefined]])
    })
  })
})
