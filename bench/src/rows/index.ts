import type { Row } from '../row.js'
import { calls } from './calls.js'
import { connecting } from './connecting.js'
import { crossNode100, crossNode1000 } from './cross-node.js'
import { fanOut10k, fanOut1k, fanOutBurst, manyChannels } from './fan-out.js'
import { latency } from './latency.js'
import { memory } from './memory.js'
import { publishing } from './publishing.js'
import { redisPublishing } from './redis-publishing.js'
import { resuming } from './resuming.js'
import { steady } from './steady.js'
import { storm } from './storm.js'

/** All that is measured, in the order of the table. */
export const ROWS: readonly Row[] = [
  fanOut1k,
  fanOut10k,
  fanOutBurst,
  steady,
  manyChannels,
  calls,
  publishing,
  latency,
  connecting,
  memory,
  resuming,
  crossNode100,
  crossNode1000,
  redisPublishing,
  storm,
]
