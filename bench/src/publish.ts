import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chart } from './chart.js'
import { PAGES, withPassages } from './passages.js'
import { resultsPage } from './results-page.js'
import type { Results, RowResult } from './results.js'

/** Where the results are kept, below the folder of the workspace. */
export const RESULTS_FILE = 'bench/results.json'

/** Every file that is made from the results, with its text. @param textOf Text of a file by its path. */
export function madeFrom(results: Results, textOf: (path: string) => string): Map<string, string> {
  return new Map([
    ['bench/RESULTS.md', resultsPage(results)],
    ['bench/chart.svg', chart(results)],
    ...PAGES.map((page) => [page, withPassages(textOf(page), results)] as const),
  ])
}

/** The results that were kept last, with some rows that were measured again. @throws Error when one of them was not there. */
export function withRows(kept: Results, again: readonly RowResult[], date: string): Results {
  const stray = again.find(({ id }) => !kept.rows.some((row) => row.id === id))
  if (stray) throw new Error(`${stray.id} is not among the results: keep a run of all rows first`)
  const rows = kept.rows.map((row) => {
    const other = again.find(({ id }) => id === row.id)
    return other ? { ...other, date } : row
  })
  return { ...kept, rows }
}

/** The results that were kept last. */
export function keptResults(root: string): Results {
  return JSON.parse(readFileSync(join(root, RESULTS_FILE), 'utf8')) as Results
}

/** Keeps the results, and writes all that shows them. */
export function publish(root: string, results: Results): void {
  writeFileSync(join(root, RESULTS_FILE), `${JSON.stringify(results, null, 2)}\n`)
  const made = madeFrom(results, (path) => readFileSync(join(root, path), 'utf8'))
  for (const [path, text] of made) writeFileSync(join(root, path), text)
}
