import { setTimeout as sleep } from 'node:timers/promises'
import { CLIENT_FAULTS } from './clients.js'
import { Proof } from '../proof.js'
import type { Fault } from './fault.js'
import { NODE_FAULTS } from './nodes.js'
import { REDIS_FAULTS } from './redis.js'

const { 'redis.split-brain': splitBrain, ...others } = REDIS_FAULTS
const redisFaults = (isLossy: boolean) => Object.values(others).filter((fault) => fault.isLossy === isLossy)

/** Several faults at once, of parts that do not know of each other. */
export const MIXED_FAULTS: Readonly<Record<string, Fault>> = {
  'mixed.lossless': {
    says: 'a fault of clients, one of servers and one of Redis that loses nothing, at about the same time',
    isLossy: false,
    needs: 'redis',
    isNewHistory: true,
    harm: together([Object.values(CLIENT_FAULTS), Object.values(NODE_FAULTS), redisFaults(false)]),
  },
  'mixed.lossy': {
    says: 'a fault of clients, one of servers and one of Redis that loses messages, at about the same time',
    isLossy: true,
    needs: 'redis',
    isNewHistory: true,
    isTorn: true,
    harm: together([Object.values(CLIENT_FAULTS), Object.values(NODE_FAULTS), redisFaults(true)]),
  },
  'mixed.split-brain': {
    says: 'a fault of clients, one of servers and a split brain, at about the same time: clients move between two masters',
    isLossy: true,
    needs: 'redis',
    isNewHistory: true,
    isTorn: true,
    harm: together([Object.values(CLIENT_FAULTS), Object.values(NODE_FAULTS), splitBrain ? [splitBrain] : []]),
  },
}

function together(choices: ReadonlyArray<readonly Fault[]>): Fault['harm'] {
  return async (stage, chance, places, record) => {
    const drawn = choices.map((faults) => ({ fault: chance.pick(faults), waitMs: chance.between(0, 800) }))
    await Promise.all(
      drawn.map(async ({ fault, waitMs }) => {
        await sleep(waitMs)
        // Of several at once, one may keep another from happening: nothing is claimed.
        await fault.harm(stage, chance, places, record, new Proof())
      }),
    )
  }
}
