import { parseArgs } from 'node:util'

/** What was asked for on the command line. */
export interface Asked {
  /** Rows by their ids; all of them when empty. */
  readonly rows: readonly string[]
  /** Runs of each contender. Default: 5. */
  readonly runs: number
  /** How long what is measured goes on, in seconds. Default: 1.5. */
  readonly seconds: number
  /** What part of the links there are to be. Default: 1. */
  readonly scale: number
  /** Whether the results are kept: those of a run at full size of all rows, or when it was asked for. Of some rows, beside those of the others. */
  readonly writes: boolean
}

/** Reads a command line. @throws TypeError with a sentence for whoever typed it. */
export function readArguments(args: readonly string[], known: readonly string[]): Asked {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      seconds: { type: 'string' },
      scale: { type: 'string' },
      write: { type: 'boolean' },
    },
  })
  const unknown = positionals.filter((row) => !known.includes(row))
  if (unknown.length > 0) throw new TypeError(`Unknown row: ${unknown.join(', ')}. The rows are ${known.join(', ')}.`)
  const runs = numberOf('runs', values.runs, 5)
  if (!Number.isInteger(runs)) throw new TypeError('--runs takes a whole number')
  const scale = numberOf('scale', values.scale, 1)
  if (scale > 1) throw new TypeError('--scale takes a number up to 1')
  const seconds = numberOf('seconds', values.seconds, 1.5)
  const isWhole = positionals.length === 0
  const isFull = runs >= 5 && seconds >= 1.5 && scale === 1
  if (values.write && !isWhole && !isFull) throw new TypeError('--write takes all rows, or some at full size')
  return { rows: positionals, runs, seconds, scale, writes: (isWhole && isFull) || values.write === true }
}

function numberOf(name: string, given: string | undefined, otherwise: number): number {
  const value = given === undefined ? otherwise : Number(given)
  if (!(value > 0)) throw new TypeError(`--${name} takes a number above 0`)
  return value
}
