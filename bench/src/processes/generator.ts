import { monitorEventLoopDelay } from 'node:perf_hooks'
import { askers, type Asking } from '../generator/askers.js'
import { Delays } from '../generator/delays.js'
import { DIALECTS } from '../generator/dialects/index.js'
import { latencies, type Schedule } from '../generator/latencies.js'
import { Returners } from '../generator/returners.js'
import { Swarm } from '../generator/swarm.js'
import { wishes, type Crowd } from '../generator/wishes.js'
import { serveTasks } from './tasks.js'

const swarm = new Swarm(Number(process.argv[3]), DIALECTS[process.argv[2] as keyof typeof DIALECTS])
let returners: Returners | undefined
let delays: Delays | undefined
const lag = monitorEventLoopDelay({ resolution: 1 })
lag.enable()

serveTasks({
  open: (crowd: Crowd) => swarm.open(wishes(crowd)),
  leave: (from: number) => swarm.leave(from),
  /** Opens links that remember how to come back, and then breaks them off. */
  openAndCut: async (crowd: Crowd) => {
    returners = await Returners.open(swarm, wishes(crowd))
    swarm.cut()
  },
  /** Opens links that remember how to come back. */
  openToReturn: async (crowd: Crowd) => {
    returners = await Returners.open(swarm, wishes(crowd))
  },
  lose: () => swarm.lose(),
  comeBack: (port?: number) => returners?.comeBack(port),
  /** From now on deliveries are measured: each, or each so many. */
  time: (every: number) => {
    const timed = new Delays(every)
    swarm.listener = { delivery: (bytes, start, end) => timed.take(bytes, start, end) }
    delays = timed
  },
  delays: () => delays?.latencies,
  begin: () => {
    swarm.reset()
    delays?.reset()
    lag.reset()
  },
  expect: async ({ deliveries, withinMs }: { deliveries: number; withinMs: number }) => {
    await swarm.expect('deliveries', deliveries, withinMs)
    return { ...swarm.arrived }
  },
  ask: (asking: Asking) => askers(swarm, asking),
  latencies: (schedule: Schedule) => latencies(swarm, schedule),
  /** Milliseconds by which this process was late in 99 of 100 turns at most. */
  lag: () => lag.percentile(99) / 1e6,
})
