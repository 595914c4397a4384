import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './fault.js'

const common = { isLossy: false, needs: 'redis' } as const

/** Faults of server processes. */
export const NODE_FAULTS: Readonly<Record<string, Fault>> = {
  'node.kill': {
    ...common,
    says: 'a server gets SIGKILL; another process takes its place',
    async harm({ fleet }, chance, _places, _record, proof) {
      const wasKilled = await fleet.kill(fleet.pick(chance), chance.between(0, 1_000))
      proof.claim('the server ran until it was killed', () => wasKilled)
    },
  },
  'node.kill-all': {
    ...common,
    says: 'all servers get SIGKILL at once; others take their places',
    async harm({ fleet }, chance, _places, _record, proof) {
      const were = await Promise.all(fleet.berths.map((berth) => fleet.kill(berth, chance.between(0, 500))))
      proof.claim('all servers ran until they were killed', () => were.every((wasKilled) => wasKilled))
    },
  },
  'node.stop': {
    ...common,
    needs: 'nothing',
    says: 'a server is stopped (SIGSTOP), longer than heartbeats allow, and goes on',
    async harm({ fleet }, chance, _places, _record, proof) {
      const { process } = fleet.pick(chance)
      process.stop()
      let isSilent = true
      // In a mix it may be killed meanwhile, and never answer.
      const answer = process.ask('number', 'realtime_connections').catch(() => undefined)
      void answer.then(() => (isSilent = false))
      await sleep(chance.between(1_000, 5_000))
      const wasSilent = isSilent
      process.continue()
      proof.claim('the server answered nothing while it was stopped', () => wasSilent)
    },
  },
  'node.rolling': {
    ...common,
    says: 'a rolling restart: one server after the other gets SIGTERM and is replaced',
    async harm({ fleet }, _chance, _places, _record, proof) {
      for (const berth of fleet.berths) {
        const hasEnded = await fleet.restart(berth)
        proof.claim(`${berth.name} ended by itself when it was asked to`, () => hasEnded)
      }
    },
  },
}
