import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chart } from './chart.js'
import { PAGES, withPassages } from './passages.js'
import { resultsPage } from './results-page.js'
import type { Results } from './results.js'

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

/** Keeps the results, and writes all that shows them. */
export function publish(root: string, results: Results): void {
  writeFileSync(join(root, RESULTS_FILE), `${JSON.stringify(results, null, 2)}\n`)
  const made = madeFrom(results, (path) => readFileSync(join(root, path), 'utf8'))
  for (const [path, text] of made) writeFileSync(join(root, path), text)
}
