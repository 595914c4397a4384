import { describe, expect, it } from 'vitest'
import { summarize } from '../src/results.js'
import type { RowFacts } from '../src/row.js'
import { rowTable } from '../src/table.js'

const row: RowFacts = {
  id: 'some',
  title: 'something',
  unit: 'µs',
  contenders: ['realtime', 'ws', 'socket.io'],
  targets: [
    { against: 'socket.io', atMost: 0.5 },
    { against: 'ws', atMost: 1.1 },
    { atMost: 6 },
    { atMost: 10, of: 'writes' },
  ],
}

const measured = new Map([
  ['realtime' as const, [5, 1, 100].map((value) => ({ value, details: { writes: value * 2 } }))],
  ['ws' as const, [4, 4, 4].map((value) => ({ value }))],
  ['socket.io' as const, [10, 9, 11].map((value) => ({ value }))],
])

describe('the sum of a row', () => {
  const result = summarize(row, measured)

  it('takes the median of each contender, and of each detail', () => {
    expect(result.contenders.map(({ median }) => median)).toEqual([5, 4, 10])
    expect(result.contenders[0]?.details).toEqual({ writes: 10 })
    expect(result.contenders[0]?.runs).toEqual([5, 1, 100])
  })

  it('judges ratios of medians, and numbers by themselves', () => {
    expect(result.verdicts.map(({ measured, isMet }) => [measured, isMet])).toEqual([
      [0.5, true],
      [1.25, false],
      [5, true],
      [10, true],
    ])
  })

  it('refuses to sum up what nobody measured', () => {
    expect(() => summarize(row, new Map())).toThrow(RangeError)
    expect(() => summarize({ ...row, targets: [{ against: 'ws-framed', atMost: 1 }] }, measured)).toThrow(
      /not measured/,
    )
    expect(() => summarize({ ...row, targets: [{ atMost: 1, of: 'reads' }] }, measured)).toThrow(/not measured/)
  })

  it('becomes a table that names the target which was missed', () => {
    expect(rowTable(result)).toBe(`### something

|  | µs | lowest to highest | ours to it | writes |
| --- | --- | --- | --- | --- |
| @org/realtime | 5.00 | 1.00 to 100 |  | 10.0 |
| \`ws\`, a send each | 4.00 | 4.00 to 4.00 | 1.25 × |  |
| Socket.IO | 10.0 | 9.00 to 11.0 | 0.50 × |  |

- at most 0.50 × Socket.IO: 0.50 ×, met
- at most 1.10 × \`ws\`, a send each: 1.25 ×, **not met**
- at most 6.00 µs: 5.00, met
- at most 10.0 writes: 10.0, met`)
  })
})
