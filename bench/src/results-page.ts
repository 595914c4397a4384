import { clientTable } from './client-table.js'
import type { Results } from './results.js'
import { summaryTable } from './summary.js'
import { rowTable } from './table.js'

/** RESULTS.md. */
export function resultsPage(results: Results): string {
  const { date, machine, versions, settings, rows, failures } = results
  const { runs, seconds, scale } = settings
  const list = (facts: Readonly<Record<string, string>>): string[] =>
    Object.entries(facts).map(([name, value]) => `- ${name}: ${value}`)
  return (
    [
      '# Results',
      `Written by \`pnpm bench\` on ${date.slice(0, 10)}; [how it measures](README.md). Medians of ${runs} interleaved ` +
        `run${runs === 1 ? '' : 's'} of ${seconds} s${scale === 1 ? '' : `, with ${scale} of the links`}. Less is better in every row.`,
      [...list(machine), ...list(versions)].join('\n'),
      '![](chart.svg)',
      summaryTable(results),
      ...(failures.length === 0
        ? []
        : ['## Failed', failures.map(({ id, why }) => `- \`${id}\`: ${why.split('\n', 1)[0]}`).join('\n')]),
      '## Rows',
      ...rows.map(rowTable),
      '## Clients',
      clientTable(results),
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  )
}
