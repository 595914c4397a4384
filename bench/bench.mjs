// `pnpm bench [row…] [--runs N] [--seconds S] [--scale F]`: builds what is stale, then measures. See README.md.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pnpm, root } from '../scripts/lib/pnpm.mjs'
import { bundle } from './bundle.mjs'

const PACKAGES = ['protocol', 'server', 'client']

const stale = PACKAGES.filter((name) => newest(`packages/${name}/src`) > newest(`packages/${name}/dist`))
if (stale.length > 0) {
  const [command, ...args] = pnpm(...PACKAGES.flatMap((name) => ['--filter', `@org/realtime-${name}`]), 'run', 'build')
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) process.exit(status ?? 1)
}

const main = join(await bundle('built'), 'main.js')
const { status, signal } = spawnSync(process.execPath, [main, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})
process.exitCode = signal ? 1 : status

/** When the newest file of a folder was written; 0 when there is none. */
function newest(folder) {
  const path = join(root, folder)
  if (!existsSync(path)) return 0
  const files = readdirSync(path, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile())
  return Math.max(0, ...files.map((file) => statSync(join(file.parentPath ?? file.path, file.name)).mtimeMs))
}
