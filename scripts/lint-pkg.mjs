// `pnpm lint:pkg`: judges the packed tarballs, which is what users get, with publint and "are the types wrong".
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './lib/pnpm.mjs'
import { packAll, run } from './lib/published.mjs'

const bin = (name) => join(root, 'node_modules', '.bin', name)
const folder = mkdtempSync(join(tmpdir(), 'realtime-pack-'))
let failed = 0
try {
  for (const [name, tarball] of Object.entries(packAll(folder))) {
    const checks = { publint: ['--strict', tarball], attw: ['--no-emoji', tarball] }
    for (const [tool, args] of Object.entries(checks)) {
      try {
        run(root, bin(tool), args)
        console.log(`${name}: ${tool} ok`)
      } catch (error) {
        failed += 1
        console.error(`${name}: ${tool} failed\n${error.message}`)
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = failed === 0 ? 0 : 1
