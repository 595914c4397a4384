import type { Row } from '../row.js'
import { calls } from './calls.js'
import { fanOut10k, fanOut1k, fanOutBurst, manyChannels } from './fan-out.js'

/** All that is measured, in the order of the table. */
export const ROWS: readonly Row[] = [fanOut1k, fanOut10k, fanOutBurst, manyChannels, calls]
