import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './fault.js'

const common = { isLossy: false, needs: 'redis' } as const

/** Faults of server processes. */
export const NODE_FAULTS: Readonly<Record<string, Fault>> = {
  'node.kill': {
    ...common,
    says: 'a server gets SIGKILL; another process takes its place',
    harm: async ({ fleet }, chance) => fleet.kill(fleet.pick(chance), chance.between(0, 1_000)),
  },
  'node.kill-all': {
    ...common,
    says: 'all servers get SIGKILL at once; others take their places',
    async harm({ fleet }, chance) {
      await Promise.all(fleet.berths.map((berth) => fleet.kill(berth, chance.between(0, 500))))
    },
  },
  'node.stop': {
    ...common,
    needs: 'nothing',
    says: 'a server is stopped (SIGSTOP), longer than heartbeats allow, and goes on',
    async harm({ fleet }, chance) {
      const { process } = fleet.pick(chance)
      process.stop()
      await sleep(chance.between(1_000, 5_000))
      process.continue()
    },
  },
  'node.rolling': {
    ...common,
    says: 'a rolling restart: one server after the other gets SIGTERM and is replaced',
    async harm({ fleet }) {
      for (const berth of fleet.berths) await fleet.restart(berth)
    },
  },
}
