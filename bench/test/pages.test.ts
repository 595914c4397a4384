import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { chart } from '../src/chart.js'
import { withPassages } from '../src/passages.js'
import { madeFrom, RESULTS_FILE, withRows } from '../src/publish.js'
import { resultsPage } from '../src/results-page.js'
import type { Results } from '../src/results.js'
import { sizingTable } from '../src/sizing.js'
import { summaryTable } from '../src/summary.js'

const root = join(import.meta.dirname, '..', '..')
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')
const KEPT = JSON.parse(textOf(RESULTS_FILE)) as Results

const SMALL: Results = {
  date: '2030-02-03T04:05:06.000Z',
  machine: { processor: 'abacus' },
  versions: { ws: '8.0.0' },
  settings: { runs: 3, seconds: 1, scale: 1 },
  failures: [{ id: 'calls', why: 'the line was dead\nat somewhere' }],
  clients: [
    { name: '@org/realtime-client', gzippedBytes: 12_000 },
    { name: 'other', gzippedBytes: 24_000 },
  ],
  rows: [
    {
      id: 'fan-out-1k',
      title: 'fan-out <fast>',
      unit: 'µs',
      contenders: [
        { name: 'realtime', median: 5, runs: [4, 5, 6], details: {} },
        { name: 'socket.io', median: 10, runs: [10, 10, 10], details: {} },
      ],
      verdicts: [{ atMost: 0.6, against: 'socket.io', measured: 0.5, isMet: true }],
    },
  ],
}

describe('what was measured', () => {
  it.each([...madeFrom(KEPT, textOf)])('is what %s says', (path, text) => {
    expect(textOf(path)).toBe(text)
  })

  it('stands in the guide and in README', () => {
    for (const page of ['README.md', 'docs/guide/performance.md']) expect(textOf(page)).toContain('<!-- measured: ')
  })
})

describe('a page', () => {
  const page = 'before\n<!-- measured: summary -->\nold\n<!-- end of measured -->\nafter'

  it('gets its passages anew and keeps the rest', () => {
    const written = withPassages(page, SMALL)
    expect(written).toMatch(/^before\n<!-- measured: summary -->\n\n\| /)
    expect(written).toContain('| 5.00 |')
    expect(written).not.toContain('old')
    expect(written.endsWith('<!-- end of measured -->\nafter')).toBe(true)
    expect(withPassages(written, SMALL)).toBe(written)
  })

  it('says so when what it shows has failed or is new, and may not show what nobody knows', () => {
    expect(withPassages(page.replace('summary', 'calls'), SMALL)).toContain('its run failed')
    expect(withPassages(page.replace('summary', 'storm'), SMALL)).toContain('not measured yet')
    expect(() => withPassages(page.replace('summary', 'teleport'), SMALL)).toThrow('teleport')
  })
})

describe('RESULTS.md', () => {
  const written = resultsPage(SMALL)
  it('says when, on what, and how it was measured', () => {
    for (const part of ['2030-02-03', 'processor: abacus', 'ws: 8.0.0', '3 interleaved runs of 1 s']) {
      expect(written).toContain(part)
    }
  })
  it('names what failed, in a line', () => expect(written).toContain('- `calls`: the line was dead\n'))
  it('says when a law is not met', () => expect(written).toContain('at most 10,240 bytes: 12,000, **not met**'))
})

describe('a row that is measured by itself', () => {
  const [row] = SMALL.rows
  if (!row) throw new Error('there is a row')
  const again = { ...row, contenders: row.contenders.map((contender) => ({ ...contender, median: 7 })) }

  it('takes the place of what was kept of it, and says when', () => {
    const results = withRows({ ...SMALL, rows: [row, { ...row, id: 'calls' }] }, [again], '2031-01-01T10:20:30.000Z')
    expect(results.rows).toEqual([
      { ...again, date: '2031-01-01T10:20:30.000Z' },
      { ...row, id: 'calls' },
    ])
    expect(resultsPage(results)).toContain('Measured by itself, at 2031-01-01 10:20 UTC.')
    expect(resultsPage(SMALL)).not.toContain('Measured by itself')
  })

  it('needs something whose place it takes', () => {
    expect(() => withRows(SMALL, [{ ...row, id: 'new' }], '2031')).toThrow('new is not among the results')
  })
})

describe('the summary', () => {
  it('sets ours beside the others, and leaves a cell empty where nobody was measured', () => {
    expect(summaryTable(SMALL).split('\n')[2]).toBe('| fan-out <fast>: µs | 5.00 | 10.0 | 0.50 × | met |')
  })

  it('counts the targets that were met, where some were', () => {
    const judged = (...met: boolean[]) => {
      const verdicts = met.map((isMet) => ({ ...SMALL.rows[0]!.verdicts[0]!, isMet }))
      const rows = SMALL.rows.map((row) => ({ ...row, verdicts }))
      return summaryTable({ ...SMALL, rows })
        .split('\n')[2]
        ?.split(' | ')
        .at(-1)
    }
    expect([judged(true, true), judged(false), judged(true, false, true)]).toEqual([
      'met |',
      '**not met** |',
      '**2 of 3 met** |',
    ])
  })

  it('has a table of its own for what runs on Redis, with the columns that this needs', () => {
    const [row] = SMALL.rows
    if (!row) throw new Error('there is no row')
    const contenders = [row.contenders[0]!, { ...row.contenders[1]!, name: 'socket.io-redis' as const }]
    const onRedis = { ...row, title: 'far away', nodes: 2, contenders }
    const lines = summaryTable({ ...SMALL, rows: [row, onRedis] }).split('\n')
    expect(lines.slice(lines.indexOf('On Redis:'), -2)).toEqual([
      'On Redis:',
      '',
      '|  | ours | Socket.IO, Redis adapter | targets |',
      '| --- | --- | --- | --- |',
      '| far away: µs | 5.00 | 10.0 | met |',
    ])
    expect(lines.filter((line) => line.includes('far away'))).toHaveLength(1)
  })
})

describe('the sizing', () => {
  it('turns microseconds into a rate of one core, rounded down', () => {
    expect(sizingTable(SMALL)).toContain('| 200,000 a second |')
    const rows = SMALL.rows.map((row) => ({ ...row, contenders: [{ ...row.contenders[0]!, median: 5.9 }] }))
    expect(sizingTable({ ...SMALL, rows })).toContain('| 160,000 a second |')
  })
})

describe('the chart', () => {
  const drawn = chart(SMALL)
  it('draws bars as long as their numbers', () => {
    expect([...drawn.matchAll(/<rect[^>]* width="([\d.]+)"/g)].map(([, width]) => Number(width))).toEqual([210, 420])
  })
  it('has colours for light and dark, and escapes what it is given', () => {
    expect(drawn).toContain('prefers-color-scheme:dark')
    expect(drawn).toContain('fan-out &lt;fast>')
  })
  it('is shown by README', () => {
    expect(textOf('README.md')).toContain('](bench/chart.svg)')
    expect(existsSync(join(root, 'bench/chart.svg'))).toBe(true)
  })
})
