import { expect, test } from 'vitest'
import { checkHistory, describeViolation, type HistoryEvent, serializeHistory } from '../../src/history/index.js'
import { at, deliver, finalLog, nowhere, publish, record, subscribe } from './record.js'

test('a history is JSON lines with stable keys, whatever order they were written in', () => {
  const one: HistoryEvent = { type: 'deliver', at: 5, channel: 'c', id: 'a', subscriber: 's', position: at('e', 1) }
  const other: HistoryEvent = {
    position: { offset: 1, epoch: 'e' },
    subscriber: 's',
    id: 'a',
    channel: 'c',
    at: 5,
    type: 'deliver',
  }
  const line = '{"at":5,"type":"deliver","channel":"c","id":"a","position":{"epoch":"e","offset":1},"subscriber":"s"}\n'
  expect(serializeHistory([one])).toBe(line)
  expect(serializeHistory([other, other])).toBe(line + line)
  expect(serializeHistory([])).toBe('')
})

test('details of faults are sorted at every depth, and keys without a value are left out', () => {
  const detail = { b: [{ d: 1, c: null }], a: undefined }
  expect(serializeHistory([{ type: 'fault', at: 1, kind: 'kill', detail }])).toBe(
    '{"at":1,"type":"fault","detail":{"b":[{"c":null,"d":1}]},"kind":"kill"}\n',
  )
})

test('a violation is described with its law and the events that show it', () => {
  const history = record(
    subscribe(nowhere),
    publish('a', at('e', 1)),
    publish('b', at('e', 2)),
    deliver('b', at('e', 2)),
    finalLog('e', ['b'], { first: 2 }),
  )
  expect(checkHistory(history).violations.map(describeViolation)).toEqual([
    [
      'rule 3, at 60 ms, subscriber s, channel c: "b" came at 2@e after null position',
      '  law: order: between told gaps and rebases, positions rise by exactly one in one epoch',
      '  {"at":10,"type":"sub.ok","channel":"c","position":{"epoch":"","offset":0},"subscriber":"s"}',
      '  {"at":60,"type":"deliver","channel":"c","id":"b","position":{"epoch":"e","offset":2},"subscriber":"s"}',
    ].join('\n'),
  ])
})
