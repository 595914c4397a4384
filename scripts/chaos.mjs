// `pnpm chaos [--seed N] [--minutes M] [--kinds a,b]`: real servers, real Redis and real clients under real faults, judged by
// the history checker. docs/chaos.md says what is done and what is counted.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from './lib/pnpm.mjs'

const scenarios = join(root, 'packages', 'scenarios')
const scratch = join(scenarios, '.tsc')
mkdirSync(scratch, { recursive: true })
const folder = mkdtempSync(join(scratch, 'chaos-'))
try {
  await build({
    entryPoints: [join(scenarios, 'src', 'chaos', 'main.ts')],
    outfile: join(folder, 'main.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@org/source'],
    external: ['esbuild', 'ws'],
    // Packages in the older form ask for this.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    logLevel: 'error',
  })
  const { main } = await import(pathToFileURL(join(folder, 'main.mjs')))
  // What pnpm puts between the command and its arguments.
  const args = process.argv.slice(2).filter((argument) => argument !== '--')
  process.exitCode = await main(args, scenarios, console.log)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
// Said, not waited for: with many killed children behind it, Node now and then closes its handles for ever.
process.exit()
