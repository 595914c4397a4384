import { CONTENDERS, type ContenderName } from './contenders/index.js'
import { readable, readableRatio } from './numbers/format.js'
import { ratioTo, type Results, type RowResult } from './results.js'
import { table } from './table.js'

/** All rows: ours, the others, and how ours stands to Socket.IO. Those of several servers are a table of their own. */
export function summaryTable(results: Results): string {
  const single = results.rows.filter(({ nodes }) => nodes === undefined)
  const clusters = results.rows.filter(({ nodes }) => nodes !== undefined)
  const tables = [rowsTable(single), ...(clusters.length > 0 ? ['On Redis:', rowsTable(clusters)] : [])]
  return [...tables, conditions(results)].join('\n\n')
}

/** How it was measured, in a line. */
export function conditions({ date, machine, settings: { runs, seconds, scale } }: Results): string {
  const part = scale === 1 ? '' : ` with ${scale} of the links`
  const load = machine['load when it began']
  return (
    `Medians of ${runs} interleaved run${runs === 1 ? '' : 's'} of ${seconds} s${part}, on ${date.slice(0, 10)}` +
    `${load === undefined ? '' : `, on a machine whose load was ${load} before`}.`
  )
}

/** Contenders that nobody measured here have no column. */
function rowsTable(rows: readonly RowResult[]): string {
  const measured = new Set(rows.flatMap(({ contenders }) => contenders.map(({ name }) => name)))
  const others = (Object.keys(CONTENDERS) as ContenderName[]).filter(
    (name) => name !== 'realtime' && measured.has(name),
  )
  const isCompared = measured.has('socket.io')
  const head = ['', 'ours', ...others.map((name) => CONTENDERS[name])]
  return table(
    [...head, ...(isCompared ? ['ours to Socket.IO'] : []), 'targets'],
    rows.map((row) => {
      const ratio = ratioTo('socket.io', row.contenders)
      return [
        `${row.title}: ${row.unit}`,
        ...(['realtime', ...others] as const).map((name) => cell(row, name)),
        ...(isCompared ? [ratio === undefined ? '' : readableRatio(ratio)] : []),
        judged(row),
      ]
    }),
  )
}

/** How many of its targets a row meets, in a word where all or none are. */
function judged({ verdicts }: RowResult): string {
  const met = verdicts.filter(({ isMet }) => isMet).length
  if (met === verdicts.length) return 'met'
  return met === 0 ? '**not met**' : `**${met} of ${verdicts.length} met**`
}

function cell({ contenders }: RowResult, name: ContenderName): string {
  const result = contenders.find((contender) => contender.name === name)
  return result ? readable(result.median) : ''
}
