// `pnpm fuzz`: a million inputs against the decoders, a live server and a live client, from a new seed. A failure prints
// the seed: `SEED=… INPUTS=… pnpm fuzz` runs it again.
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { root } from './lib/pnpm.mjs'

const SEED = process.env.SEED ?? String(randomInt(1, 1_000_000))
const INPUTS = process.env.INPUTS ?? '1000000'
console.log(`fuzz: ${Number(INPUTS).toLocaleString('en')} inputs, SEED=${SEED}`)

const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'scenarios', 'packages/scenarios/test/fuzz'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, SEED, INPUTS } },
)
if (status !== 0) console.error(`fuzz: failed; SEED=${SEED} INPUTS=${INPUTS} pnpm fuzz runs it again`)
process.exitCode = status ?? 1
