import { expect, test } from 'vitest'
import { count, emptyTally, sum, table } from '../../src/chaos/tally.js'
import { RULES, type RuleNumber } from '../../src/history/index.js'
import { broken, cannedRound as round } from './support/canned.js'

test('a round is counted: what was delivered, published, told, called and seen', () => {
  const tally = emptyTally()
  count(tally, round({ healedMs: 900 }))
  count(tally, round({}))
  expect(tally).toEqual({
    ...emptyTally(),
    rounds: 2,
    deliveries: 2_400,
    values: 140,
    lists: 2,
    answered: 18,
    unknownCalls: 12,
    repeatsAfterError: 6,
    repeatsInDoubt: 4,
    acknowledged: 600,
    lostByStore: 10,
    told: { trimmed: 4, slow: 2, rollback: 8, epoch: 16, unknown: 32 },
    healedMs: 900,
  })
})

test.each([
  ['storedTwice', 2],
  ['doubled', 4],
  ['lostInSilence', 5],
  ['lostInSilence', 6],
  ['lostInSilence', 9],
  ['falseGaps', 8],
  ['wrongPresence', 10],
  ['wrongValues', 12],
  ['wrongCalls', 14],
  ['other', 1],
  ['other', 3],
  ['other', 7],
] as const)('%s counts violations of rule %i', (name, rule) => {
  const tally = emptyTally()
  count(tally, round({ violations: broken(rule, rule) }))
  expect(tally[name]).toBe(2)
})

test('no violation goes uncounted, and errors that nobody foresaw count as well', () => {
  const rules = Object.keys(RULES).map((rule) => Number(rule) as RuleNumber)
  const bad = round({ violations: broken(...rules) })
  bad.record.unexpected(new Error('surprise'))
  const tally = emptyTally()
  count(tally, bad)
  const { storedTwice, doubled, lostInSilence, falseGaps, wrongPresence, wrongValues, wrongCalls, other } = tally
  const all = [storedTwice, doubled, lostInSilence, falseGaps, wrongPresence, wrongValues, wrongCalls, other]
  expect(all.reduce((total, each) => total + each, 0)).toBe(rules.length + 1)
})

test('the table has a line for each kind and one for all, with the longest of the times', () => {
  const [kill, reset] = [emptyTally(), emptyTally()]
  count(kill, round({ violations: broken(5), healedMs: 12_135 }))
  count(reset, round({ violations: broken(2, 8, 8) }))
  const lines = table(
    new Map([
      ['node.kill', kill],
      ['client.reset', reset],
    ]),
  ).split('\n')
  const [head = '', rule = '', ...rows] = lines
  const cells = (line: string) => line.slice(2, -2).split(' | ')
  const titles = cells(head)
  expect(cells(rule)).toEqual(['---', ...titles.slice(1).map(() => '---:')])
  const read = rows.map((line) => Object.fromEntries(cells(line).map((cell, i) => [titles[i] ?? '', cell] as const)))
  expect(read).toMatchObject([
    { fault: '`node.kill`', rounds: '1', 'lost in silence': '1', 'false gaps': '0', 'all there after, ms': '12,135' },
    { fault: '`client.reset`', rounds: '1', 'stored twice': '1', 'false gaps': '2', 'all there after, ms': '300' },
    {
      fault: 'all',
      rounds: '2',
      'checked deliveries': '2,400',
      'acknowledged publishes': '600',
      repeated: '10',
      'stored twice': '1',
      'lost in silence': '1',
      doubled: '0',
      'false gaps': '2',
      values: '140',
      'wrong values': '0',
      'lists of members': '2',
      'wrong presence': '0',
      'calls answered': '18',
      'of unknown outcome': '12',
      'wrong calls': '0',
      'other violations': '0',
      'lost by Redis': '10',
      'told of losses': '56',
      'told of trims': '6',
      'all there after, ms': '12,135',
    },
  ])
  expect(titles).toEqual(Object.keys(read[2] ?? {}))
  expect(sum([kill, reset]).told).toEqual({ trimmed: 4, slow: 2, rollback: 8, epoch: 16, unknown: 32 })
})
