import { CONTENDERS, type ContenderName } from './contenders/index.js'
import { readable, readableRatio } from './numbers/format.js'
import { ratioTo, type Results, type RowResult } from './results.js'
import { table } from './table.js'

/** All rows in one table: ours, the others, and how ours stands to Socket.IO. */
export function summaryTable(results: Results): string {
  return `${rowsTable(results)}\n\n${conditions(results)}`
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

function rowsTable({ rows }: Results): string {
  const others = (Object.keys(CONTENDERS) as ContenderName[]).filter((name) => name !== 'realtime')
  const head = ['', 'ours', ...others.map((name) => CONTENDERS[name]), 'ours to Socket.IO', 'targets']
  return table(
    head,
    rows.map((row) => {
      const ratio = ratioTo('socket.io', row.contenders)
      return [
        `${row.title}: ${row.unit}`,
        ...(['realtime', ...others] as const).map((name) => cell(row, name)),
        ratio === undefined ? '' : readableRatio(ratio),
        row.verdicts.map(({ isMet }) => (isMet ? 'met' : '**not met**')).join(', '),
      ]
    }),
  )
}

function cell({ contenders }: RowResult, name: ContenderName): string {
  const result = contenders.find((contender) => contender.name === name)
  return result ? readable(result.median) : ''
}
