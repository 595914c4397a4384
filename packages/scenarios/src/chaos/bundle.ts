import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

/** A program made out of a source file, ready to run in a process of its own. */
export interface Program {
  readonly file: string
  remove(): Promise<void>
}

/** Bundles a program from the sources of the packages, so that nothing has to be built before. */
export async function bundle(source: string, root: string): Promise<Program> {
  // Inside the package, so that what is not bundled is found.
  const scratch = join(root, '.tsc')
  await mkdir(scratch, { recursive: true })
  const folder = await mkdtemp(join(scratch, 'chaos-'))
  const file = join(folder, 'program.mjs')
  await build({
    entryPoints: [source],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@org/source'],
    external: ['bufferutil', 'utf-8-validate'],
    // Packages in the older form ask for this.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    logLevel: 'error',
  })
  return { file, remove: () => rm(folder, { recursive: true, force: true }) }
}
