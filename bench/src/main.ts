import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readArguments } from './arguments.js'
import { ROWS } from './rows/index.js'
import { runRow, sizeOf } from './run-row.js'
import { rowTable } from './table.js'

const folder = dirname(fileURLToPath(import.meta.url))
const asked = readArguments(
  process.argv.slice(2),
  ROWS.map(({ id }) => id),
)
for (const row of ROWS) {
  if (asked.rows.length > 0 && !asked.rows.includes(row.id)) continue
  const result = await runRow(row, {
    folder,
    runs: asked.runs,
    size: sizeOf(asked.seconds, asked.scale),
    say: (text) => console.error(text),
  })
  console.log(`\n${rowTable(result)}\n`)
}
