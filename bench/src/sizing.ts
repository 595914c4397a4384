import { readable } from './numbers/format.js'
import type { Results } from './results.js'
import { table } from './table.js'

const MICROS = 1_000_000
const KIB_PER_MIB = 1_024
const LINKS = 10_000

interface Line {
  readonly what: string
  /** The row it comes from. */
  readonly row: string
  /** How much that is, from the median of the row. */
  readonly from: (median: number) => string
}

const perCore = (median: number): string => `${perSecond(median)} a second`

/** What one core of the machine that was measured on does if it does nothing else, and what links take. */
const LINES: readonly Line[] = [
  { what: 'deliveries, one message in a turn', row: 'fan-out-1k', from: perCore },
  { what: 'deliveries, ten messages in a turn', row: 'fan-out-burst', from: perCore },
  { what: 'deliveries, 50 subscribers to a channel', row: 'many-channels', from: perCore },
  { what: 'publishes of clients, each to 100 subscribers', row: 'publish', from: perCore },
  { what: 'calls', row: 'calls', from: perCore },
  { what: 'connects with token, session and subscription', row: 'connect', from: perCore },
  {
    what: `memory of ${LINKS.toLocaleString('en')} idle links`,
    row: 'memory',
    from: (median) => `${readable((median * LINKS) / KIB_PER_MIB)} MiB`,
  },
]

/** What a node can be expected to do, from what was measured. */
export function sizingTable({ rows }: Results): string {
  const body = LINES.flatMap(({ what, row, from }) => {
    const ours = rows.find(({ id }) => id === row)?.contenders.find(({ name }) => name === 'realtime')
    return ours ? [[what, from(ours.median)]] : []
  })
  return table(['', 'one core, or one node'], body)
}

/** Rounded down to two digits: whoever counts on it should have a little more. */
function perSecond(micros: number): string {
  const rate = MICROS / micros
  const step = 10 ** Math.max(0, Math.floor(Math.log10(rate)) - 1)
  return (Math.floor(rate / step) * step).toLocaleString('en')
}
