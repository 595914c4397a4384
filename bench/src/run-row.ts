import { Cluster } from './cluster.js'
import type { ContenderName } from './contenders/index.js'
import { readable } from './numbers/format.js'
import { summarize, type RowResult } from './results.js'
import { Rig } from './rig.js'
import type { Measurement, Row, Size } from './row.js'

/** How a row is run. */
export interface Run {
  /** Where the programs are. */
  readonly folder: string
  /** Runs of each contender. */
  readonly runs: number
  /** How large and how long. */
  readonly size: Size
  /** Hears how it goes. */
  readonly say: (text: string) => void
  /** Whether there is only time for one round more of anything. Default: never. */
  readonly isLate?: () => boolean
}

/**
 * Runs a row: all contenders in turns, so that whatever the machine does meanwhile happens to each of them. A run in which
 * anything is not as expected fails the row.
 */
export async function runRow(row: Row, { folder, runs, size, say, isLate }: Run): Promise<RowResult> {
  const measured = new Map<ContenderName, Measurement[]>(row.contenders.map((name) => [name, []]))
  for (let round = 0; round < Math.min(runs, row.runs ?? runs); round++) {
    if (round > 0 && isLate?.()) break
    for (const name of row.contenders) {
      const measurement =
        row.nodes === undefined
          ? await Rig.use(folder, name, (rig) => row.measure(rig, size))
          : await Cluster.use(folder, name, row.nodes, (cluster) => row.measure(cluster, size))
      measured.get(name)?.push(measurement)
      say(`${row.id}, round ${round + 1}: ${name} ${readable(measurement.value)}`)
    }
  }
  return summarize(row, measured)
}

/** The size of a run. @param scale What part of the links there are to be. */
export function sizeOf(seconds: number, scale: number): Size {
  return { seconds, links: (full, least = 1) => Math.max(least, Math.round(full * scale)) }
}
