// `pnpm run docs:tables`: writes the tables of the guides from the code. `--check` writes nothing, and fails if it would.
import { readFileSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { root } from './lib/pnpm.mjs'
import { OPEN, PAGES, withTables } from './lib/tables.mjs'

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['packages/protocol/src/index.ts'],
  bundle: true,
  format: 'esm',
  write: false,
})
const protocol = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`)

for (const path of PAGES) {
  const before = readFileSync(`${root}/${path}`, 'utf8')
  const after = withTables(before, protocol)
  if (after.includes(`| ${OPEN} |`)) console.log(`${path} has cells to be filled in: ${OPEN}`)
  if (after === before) continue
  if (process.argv.includes('--check')) {
    console.error(`${path} is not what the code says. \`pnpm run docs:tables\` writes it.`)
    process.exitCode = 1
  } else {
    writeFileSync(`${root}/${path}`, after)
    console.log(`${path}: written`)
  }
}
