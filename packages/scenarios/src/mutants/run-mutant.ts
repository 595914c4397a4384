import { readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { build, type Plugin } from 'esbuild'
import type { Mutant } from './mutants.js'

/** How a mutant died. */
export interface Death {
  readonly seed: number
  /** The broken rules of the history checker. */
  readonly rules: readonly number[]
}

const packages = fileURLToPath(new URL('../../../', import.meta.url))
const hunter = fileURLToPath(new URL('./hunt.ts', import.meta.url))

/**
 * Builds the engine with one mutant in it and runs schedules until the history checker sees a violation.
 *
 * @returns The first seed that kills it, or `undefined` when it survives all schedules.
 */
export async function hunt(mutant: Mutant | undefined, schedules: number): Promise<Death | undefined> {
  const name = (mutant?.name ?? 'none').replaceAll(' ', '-')
  const outfile = `${packages}scenarios/.mutants/${name}.mjs`
  await build({
    entryPoints: [hunter],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@org/source'],
    external: ['ws'],
    logLevel: 'error',
    plugins: mutant ? [mutation(mutant)] : [],
  })
  try {
    return await run(outfile, schedules)
  } finally {
    await rm(outfile, { force: true })
  }
}

function mutation({ name, file, original, mutated }: Mutant): Plugin {
  const path = packages + file
  return {
    name: 'mutation',
    setup(bundle) {
      bundle.onLoad({ filter: /\.ts$/ }, async (args) => {
        if (args.path !== path) return undefined
        const source = await readFile(path, 'utf8')
        if (source.split(original).length !== 2)
          throw new Error(`mutant "${name}": its text must stand in ${file} once`)
        return { contents: source.replace(original, () => mutated), loader: 'ts' }
      })
    },
  }
}

function run(file: string, schedules: number): Promise<Death | undefined> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(file, { workerData: { schedules } })
    worker.on('message', resolve)
    worker.on('error', reject)
  })
}
