import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ContenderName } from '../contenders/index.js'
import { askers, type Asking } from '../generator/askers.js'
import { DIALECTS } from '../generator/dialects/index.js'
import { latencies, type Schedule } from '../generator/latencies.js'
import { Returners } from '../generator/returners.js'
import { Swarm } from '../generator/swarm.js'
import { wishes, type Crowd } from '../generator/wishes.js'
import { serveTasks } from './tasks.js'

const swarm = new Swarm(Number(process.argv[3]), DIALECTS[process.argv[2] as ContenderName])
let returners: Returners | undefined
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
  comeBack: () => returners?.comeBack(),
  begin: () => {
    swarm.reset()
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
