import { fileURLToPath } from 'node:url'
import { bundle } from '../../../src/chaos/bundle.js'
import { DEFAULTS, runChaos, type ChaosOptions, type Report } from '../../../src/chaos/run.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Plays each kind of fault once. */
export async function playAll(options: Partial<ChaosOptions>): Promise<Report> {
  const program = await bundle(`${root}src/chaos/node-main.ts`, root)
  try {
    return await runChaos({
      ...DEFAULTS,
      seed: Number(process.env['SEED'] ?? 1),
      minutes: 0,
      program: program.file,
      say: (line) => console.log(line),
      ...options,
    })
  } finally {
    await program.remove()
  }
}
