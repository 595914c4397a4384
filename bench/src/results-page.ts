import { clientTable } from './client-table.js'
import type { Results } from './results.js'
import { summaryTable } from './summary.js'
import { rowTable } from './table.js'

/** RESULTS.md. */
export function resultsPage(results: Results): string {
  const { machine, versions, rows, failures } = results
  const list = (facts: Readonly<Record<string, string>>): string[] =>
    Object.entries(facts).map(([name, value]) => `- ${name}: ${value}`)
  return (
    [
      '# Results',
      'Written by `pnpm bench`; [how it measures](README.md). Less is better in every row.',
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
