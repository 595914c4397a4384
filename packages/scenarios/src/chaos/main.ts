/** `pnpm chaos`: plays rounds, prints what was counted, and ends with 1 when a rule was broken. */
import { parseArgs } from 'node:util'
import { bundle } from './bundle.js'
import { DEFAULTS, isKind, runChaos } from './run.js'
import { sum, table } from './tally.js'

/** Runs it by the arguments of a command line. @returns the exit code. */
export async function main(args: readonly string[], root: string, say: (line: string) => void): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '0' },
      kinds: { type: 'string' },
      first: { type: 'string', default: '1' },
      backend: { type: 'string', default: DEFAULTS.backend },
      nodes: { type: 'string', default: String(DEFAULTS.nodes) },
      clients: { type: 'string', default: String(DEFAULTS.clients) },
      channels: { type: 'string', default: String(DEFAULTS.channels) },
      rate: { type: 'string', default: String(DEFAULTS.publishesPerSecond) },
      defaults: { type: 'boolean', default: DEFAULTS.usesDefaults },
      around: { type: 'string', default: String(DEFAULTS.aroundMs) },
    },
  })
  const backend = values.backend === 'memory' ? 'memory' : 'redis'
  const kinds = values.kinds?.split(',')
  const unknown = kinds?.find((kind) => !isKind(kind))
  if (unknown) {
    say(`There is no fault ${unknown}.`)
    return 2
  }
  const program = await bundle(`${root}/src/chaos/node-main.ts`, root)
  const begun = performance.now()
  try {
    const { tallies, failures } = await runChaos({
      seed: Number(values.seed),
      first: Number(values.first),
      minutes: Number(values.minutes),
      ...(kinds && { kinds }),
      backend,
      nodes: backend === 'memory' ? 1 : Number(values.nodes),
      clients: Number(values.clients),
      channels: Number(values.channels),
      publishesPerSecond: Number(values.rate),
      aroundMs: Number(values.around),
      usesDefaults: values.defaults,
      program: program.file,
      say,
    })
    const total = sum(tallies.values())
    say(`\n${table(tallies)}\n`)
    say(
      `Seed ${values.seed}: ${total.deliveries} deliveries checked in ${Math.round((performance.now() - begun) / 1_000)} s; ` +
        `${failures.length} failures.`,
    )
    return failures.length === 0 ? 0 : 1
  } finally {
    await program.remove()
  }
}
