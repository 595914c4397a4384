import { clientTable } from './client-table.js'
import type { Results } from './results.js'
import { ROWS } from './rows/index.js'
import { sizingTable } from './sizing.js'
import { summaryTable } from './summary.js'
import { rowTable } from './table.js'

/** Pages that show what was measured. */
export const PAGES = ['README.md', 'docs/guide/performance.md'] as const

const PASSAGE = /<!-- measured: ([\w-]+) -->[\s\S]*?<!-- end of measured -->/g

/**
 * A page with its passages as the results say: `summary`, `sizing`, `clients`, or a row by its id. Everything else stays.
 *
 * @throws Error when the page asks for what nobody measures.
 */
export function withPassages(page: string, results: Results): string {
  return page.replaceAll(PASSAGE, (_, name: string) => {
    return `<!-- measured: ${name} -->\n\n${passage(name, results)}\n\n<!-- end of measured -->`
  })
}

function passage(name: string, results: Results): string {
  if (name === 'summary') return summaryTable(results)
  if (name === 'sizing') return sizingTable(results)
  if (name === 'clients') return clientTable(results)
  const row = results.rows.find(({ id }) => id === name)
  if (!row && results.failures.some(({ id }) => id === name)) return 'This was not measured: its run failed.'
  if (!row && ROWS.some(({ id }) => id === name)) return 'This was not measured yet.'
  if (!row) throw new Error(`a page shows ${name}, which is not measured`)
  // The heading is the page's own affair.
  return rowTable(row).replace(/^### .*\n\n/, '')
}
