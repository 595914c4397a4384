import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readArguments } from './arguments.js'
import { clientTable } from './client-table.js'
import { clientSizes } from './clients.js'
import { machine, versions } from './machine.js'
import { keptResults, publish, withRows } from './publish.js'
import type { Failure, RowResult } from './results.js'
import { ROWS } from './rows/index.js'
import { runRow, sizeOf } from './run-row.js'
import { rowTable } from './table.js'

/** From then on each row gets one round, so that a run of everything ends in 22 minutes on a slow day, too. */
const PATIENCE_MS = 19 * 60_000

const folder = dirname(fileURLToPath(import.meta.url))
const root = join(folder, '..', '..', '..')
const began = performance.now()
const ranOn = machine()

const asked = readArguments(
  process.argv.slice(2),
  ROWS.map(({ id }) => id),
)
const rows: RowResult[] = []
const failures: Failure[] = []
for (const row of ROWS) {
  if (asked.rows.length > 0 && !asked.rows.includes(row.id)) continue
  try {
    const result = await runRow(row, {
      folder,
      runs: asked.runs,
      size: sizeOf(asked.seconds, asked.scale),
      say: (text) => console.error(text),
      isLate: () => performance.now() - began > PATIENCE_MS,
    })
    rows.push(result)
    console.log(`\n${rowTable(result)}\n`)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    failures.push({ id: row.id, why })
    console.error(`${row.id} failed: ${why}`)
    process.exitCode = 1
  }
}

if (asked.rows.length === 0) {
  const { runs, seconds, scale } = asked
  const clients = await clientSizes(join(root, 'bench'))
  console.log(`\n${clientTable({ clients })}\n`)
  if (asked.writes) {
    const date = new Date().toISOString()
    const settings = { runs, seconds, scale }
    publish(root, { date, machine: ranOn, versions: versions(join(root, 'bench')), settings, rows, failures, clients })
    console.log('written: bench/RESULTS.md, bench/results.json, bench/chart.svg, and the pages that show them')
  } else console.log('nothing was written: only a whole run at full size is kept, or one with --write')
}
if (asked.rows.length > 0 && asked.writes && failures.length === 0) {
  publish(root, withRows(keptResults(root), rows, new Date().toISOString()))
  console.log(`written: ${rows.map(({ id }) => id).join(', ')}, in place of what was measured before`)
}
console.error(`All of it in ${Math.round((performance.now() - began) / 1_000)} s.`)
