import { setTimeout as sleep } from 'node:timers/promises'
import { CLIENT_FAULTS } from './clients.js'
import { Proof } from '../proof.js'
import type { Fault } from './fault.js'
import { NODE_FAULTS } from './nodes.js'
import { REDIS_FAULTS } from './redis.js'

type Faults = Readonly<Record<string, Fault>>

const { 'redis.split-brain': splitBrain, ...others } = REDIS_FAULTS
const redisFaults = (isLossy: boolean): Faults =>
  Object.fromEntries(Object.entries(others).filter(([, fault]) => fault.isLossy === isLossy))

/** Several faults at once, of parts that do not know of each other. */
export const MIXED_FAULTS: Readonly<Record<string, Fault>> = {
  'mixed.lossless': {
    says: 'a fault of clients, one of servers and one of Redis that loses nothing, at about the same time',
    isLossy: false,
    needs: 'redis',
    isNewHistory: true,
    harm: together([CLIENT_FAULTS, NODE_FAULTS, redisFaults(false)]),
  },
  'mixed.lossy': {
    says: 'a fault of clients, one of servers and one of Redis that loses messages, at about the same time',
    isLossy: true,
    tells: ['rollback', 'epoch'],
    needs: 'redis',
    isNewHistory: true,
    isTorn: true,
    harm: together([CLIENT_FAULTS, NODE_FAULTS, redisFaults(true)]),
  },
  'mixed.split-brain': {
    says: 'a fault of clients, one of servers and a split brain, at about the same time: clients move between two masters',
    isLossy: true,
    tells: ['rollback'],
    needs: 'redis',
    isNewHistory: true,
    isTorn: true,
    harm: together([CLIENT_FAULTS, NODE_FAULTS, splitBrain ? { splitBrain } : {}]),
  },
}

function together(choices: readonly Faults[]): Fault['harm'] {
  return async (stage, chance, places, record) => {
    const drawn = choices.map((faults) => {
      const [kind, fault] = chance.pick(Object.entries(faults))
      // What one draws, and when, is no matter of the others.
      return { fault, own: chance.part(kind), waitMs: chance.between(0, 800) }
    })
    await Promise.all(
      drawn.map(async ({ fault, own, waitMs }) => {
        await sleep(waitMs)
        // Of several at once, one may keep another from happening: nothing is claimed.
        await fault.harm(stage, own, places, record, new Proof())
      }),
    )
  }
}
