import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from '../../sim/chance.js'
import type { Places } from '../chaos-client.js'
import type { Proof } from '../proof.js'
import type { Stage } from '../stage.js'
import { takeOver, type UndoneLog } from '../undoing.js'
import type { Fault } from './fault.js'
import { REDIS_WAY_FAULTS } from './redis-ways.js'
import { REPLICATION_FAULTS } from './replication.js'

const lossless = { isLossy: false, needs: 'redis' } as const
const undoing = { isLossy: true, needs: 'redis', tells: ['rollback'] } as const
const forgetting = { isLossy: true, needs: 'redis', tells: ['epoch'] } as const
const newHistory = { isNewHistory: true } as const

/** Faults of Redis, of the ways to it, and of the link to its replica. */
export const REDIS_FAULTS: Readonly<Record<string, Fault>> = {
  ...REDIS_WAY_FAULTS,
  'redis.function-flush': {
    ...lossless,
    says: 'FUNCTION FLUSH: all functions are gone, three times',
    async harm({ redis }, chance, _places, _record, proof) {
      const before = await redis.calls('function|load')
      let flushed = 0
      for (let i = 0; i < 3; i++) {
        if ((await redis.libraries()) > 0) flushed += 1
        await redis.command('FUNCTION', 'FLUSH', 'SYNC')
        await sleep(chance.between(50, 500))
      }
      proof.claim('functions that were there were flushed, and loaded again each time', async () => {
        return flushed > 0 && (await redis.calls('function|load')) >= before + flushed && (await redis.libraries()) > 0
      })
    },
  },
  'redis.freeze': {
    ...lossless,
    says: 'Redis is stopped (SIGSTOP) for a while',
    async harm({ redis }, chance, _places, _record, proof) {
      const wasSilent = await redis.freeze(chance.between(500, 4_000))
      proof.claim('Redis answered nothing while it was stopped', () => wasSilent)
    },
  },
  'redis.restart-aof': {
    ...lossless,
    ...newHistory,
    says: 'Redis gets SIGKILL and comes back from its append-only file',
    async harm({ redis }, chance, _places, _record, proof) {
      const before = await redis.process()
      await redis.crash(chance.between(0, 1_500))
      const after = await redis.process()
      proof.claim('another process of Redis serves', () => before !== after)
    },
  },
  'redis.failover-clean': {
    ...lossless,
    ...newHistory,
    says: 'FAILOVER to the replica, which has everything',
    async harm({ redis }, _chance, _places, _record, proof) {
      const before = await redis.process()
      await redis.failOver()
      const after = await redis.process()
      proof.claim('the replica serves', () => before !== after)
    },
  },
  'redis.fail-back': {
    ...lossless,
    ...newHistory,
    says: 'FAILOVER to the replica, and back again',
    async harm({ redis }, _chance, _places, _record, proof) {
      const first = await redis.process()
      await redis.failOver()
      const second = await redis.process()
      await redis.failOver()
      const third = await redis.process()
      proof.claim('the replica served, and then the old master again', () => first !== second && first === third)
    },
  },
  'redis.failover-lossy': {
    ...undoing,
    ...newHistory,
    says: 'the replication link stands still, the master dies, and the replica takes over without the last messages',
    async harm(stage, chance, places, record, proof) {
      stage.redis.lag()
      await sleep(chance.between(100, 1_000))
      await takeOver(stage, places, record)
      proof.claim('the old master had what the replica did not have', () => isAhead(record.undone))
    },
  },
  'redis.split-brain': {
    ...undoing,
    ...newHistory,
    says: 'the replica takes over while one server goes on with the old master; what that one stored is undone',
    async harm(stage, chance, places, record, proof) {
      stage.redis.lag()
      await sleep(chance.between(0, 300))
      await takeOver(stage, places, record, { servers: 1, forMs: chance.between(300, 1_500) })
      proof.claim('each of two masters stored what the other one did not have', ({ dumps }) => {
        const isApart = record.undone.some(({ channel, fork }) => (dumps.get(channel)?.head.offset ?? 0) > fork)
        return isApart && record.undone.some(({ head, reached }) => head.offset > reached)
      })
    },
  },
  'redis.restart-empty': {
    ...forgetting,
    ...newHistory,
    says: 'Redis gets SIGKILL and comes back with nothing',
    async harm({ redis }, chance, { rooms }, _record, proof) {
      const keys = (await Promise.all(rooms.map((room) => redis.keys(`rt1:{*}:l:${room}`)))).flat()
      const before = await redis.process()
      await redis.lose(chance.between(0, 1_500))
      const after = await redis.process()
      proof.claim('another process of Redis serves, and the logs were gone', () => keys.length > 0 && before !== after)
    },
  },
  'redis.evict-log': {
    ...forgetting,
    says: 'the log of a channel is evicted',
    harm: (stage, chance, places, _record, proof) => evict('l', stage, chance, places, proof),
  },
  'redis.evict-meta': {
    ...forgetting,
    says: 'the meta key of a channel is evicted',
    harm: (stage, chance, places, _record, proof) => evict('m', stage, chance, places, proof),
  },
  'redis.evict-dedupe': {
    ...forgetting,
    says: 'a dedupe bucket of a channel is evicted',
    harm: (stage, chance, places, _record, proof) => evict(chance.pick(['d0', 'd1']), stage, chance, places, proof),
  },
  ...REPLICATION_FAULTS,
}

/** Whether something of what was undone lies behind the fork. */
function isAhead(undone: readonly UndoneLog[]): boolean {
  return undone.some(({ head, fork }) => head.offset > fork)
}

async function evict(kind: string, { redis }: Stage, chance: Chance, { rooms }: Places, proof: Proof) {
  const room = chance.pick(rooms)
  const found = await redis.keys(`rt1:{*}:${kind}:${room}`)
  if (found.length !== 1) throw new Error(`there are ${found.length} keys of kind ${kind} of ${room}`)
  const deleted = Number(await redis.command('DEL', ...found))
  proof.claim('the key was there, and went', () => deleted === 1)
}
