/** `pnpm chaos`: plays rounds, prints what was counted, and ends with 1 when a rule was broken, with 2 when it was asked for nonsense. */
import { parseArgs } from 'node:util'
import { bundle } from './bundle.js'
import { kindsFor } from './faults/index.js'
import { DEFAULTS, isKind, runChaos, type ChaosOptions, type Report } from './run.js'
import { sum, table } from './tally.js'

const OPTIONS = {
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
} as const

/** Everything but the program of the servers, which is made when it is clear what to play. */
type Asked = Omit<ChaosOptions, 'program' | 'say'>
/** Plays what is asked for. */
type Play = (options: Omit<ChaosOptions, 'program'>) => Promise<Report>

/**
 * Runs it by the arguments of a command line.
 *
 * @param play Default: with servers in processes of their own, made out of the sources.
 * @returns the exit code.
 */
export async function main(
  args: readonly string[],
  root: string,
  say: (line: string) => void,
  play: Play = (options) => playFromSources(root, options),
): Promise<number> {
  const asked = understood(args)
  if (typeof asked === 'string') {
    say(asked)
    return 2
  }
  const begun = performance.now()
  const { tallies, failures } = await play({ ...asked, say })
  const total = sum(tallies.values())
  say(`\n${table(tallies)}\n`)
  say(
    `Seed ${asked.seed}: ${total.deliveries} deliveries checked in ${Math.round((performance.now() - begun) / 1_000)} s; ` +
      `${failures.length} failures.`,
  )
  return failures.length === 0 ? 0 : 1
}

/** What a command line asks for, or a sentence that says why that makes no sense. */
function understood(args: readonly string[]): Asked | string {
  let values
  try {
    ;({ values } = parseArgs({ args: [...args], options: OPTIONS }))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const { backend, kinds, defaults, ...numbers } = values
  if (backend !== 'memory' && backend !== 'redis') return `There is no backend ${backend}: memory and redis are.`
  const names = kinds?.split(',')
  const unknown = names?.find((kind) => !isKind(kind))
  if (unknown !== undefined) return `There is no fault ${unknown}. There are ${kindsFor('redis').join(', ')}.`
  const wrong = Object.entries(numbers).find(([, text]) => !/^\d+(\.\d+)?$/.test(text))
  if (wrong) return `--${wrong[0]} is a number, and not ${wrong[1]}.`
  return {
    seed: Number(numbers.seed),
    first: Number(numbers.first),
    minutes: Number(numbers.minutes),
    ...(names && { kinds: names }),
    backend,
    nodes: backend === 'memory' ? 1 : Number(numbers.nodes),
    clients: Number(numbers.clients),
    channels: Number(numbers.channels),
    publishesPerSecond: Number(numbers.rate),
    aroundMs: Number(numbers.around),
    usesDefaults: defaults,
  }
}

async function playFromSources(root: string, options: Parameters<Play>[0]): Promise<Report> {
  const program = await bundle(`${root}/src/chaos/node-main.ts`, root)
  try {
    return await runChaos({ ...options, program: program.file })
  } finally {
    await program.remove()
  }
}
