import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisPair } from '../redis-pair.js'
import type { Fault } from './fault.js'
import { watched } from './watched.js'

// The replica takes over in the end, in order: whatever became of the link, it has to have everything by then.
const common = { isLossy: false, needs: 'redis', isNewHistory: true } as const

/** Has the replica take over in order, once its link has been harmed. @returns Whether it serves then. */
async function takesOver(redis: RedisPair, harm: () => Promise<void>): Promise<boolean> {
  const before = await redis.process()
  await harm()
  await redis.failOver()
  return (await redis.process()) !== before
}

/** Faults of the link between a master of Redis and its replica. */
export const REPLICATION_FAULTS: Readonly<Record<string, Fault>> = {
  'redis.replication-slow': {
    ...common,
    says: 'the replication link is slow; FAILOVER to a replica that is behind, which has to wait for the rest',
    async harm({ redis }, chance, _places, _record, proof) {
      const { replication } = redis
      const links = [...replication.links].map(watched)
      let behind = 0
      const serves = await takesOver(redis, async () => {
        replication.change({ delayMs: chance.between(200, 800) })
        await sleep(2_000)
        behind = await redis.behindBytes()
        // What is on its way stays late. Behind a link that stays slow no FAILOVER comes to its end.
        replication.clear()
      })
      proof.claim('the replica heard late, was behind, and serves', () => {
        return links.some((link) => link.harmed('down').late > 0) && behind > 0 && serves
      })
    },
  },
  'redis.replication-half-open': {
    ...common,
    says: 'the replication link dies without a word, until the replica dials again; then FAILOVER to it',
    async harm({ redis }, chance, _places, _record, proof) {
      const { replication } = redis
      const links = [...replication.links]
      let behind = 0
      const serves = await takesOver(redis, async () => {
        const { accepted } = replication
        for (const link of links) link.change({ lost: true })
        await sleep(chance.between(300, 1_500))
        behind = await redis.behindBytes()
        await redis.dialled(accepted + 1)
      })
      proof.claim('what was to be copied was lost on its way, the replica was behind, and serves', () => {
        return links.some((link) => link.harmed('down').lost > 0) && behind > 0 && serves
      })
    },
  },
  'redis.replication-reset': {
    ...common,
    says: 'the replication link is reset, three times; then FAILOVER to the replica',
    async harm({ redis }, chance, _places, _record, proof) {
      const { replication } = redis
      let lost = 0
      const serves = await takesOver(redis, async () => {
        for (let i = 0; i < 3; i++) {
          const { accepted, links } = replication
          const had = links.size
          replication.reset()
          await redis.dialled(accepted + 1)
          if (had > 0 && replication.accepted > accepted) lost += 1
          await sleep(chance.between(50, 500))
        }
      })
      proof.claim('the replica lost its link each time, dialled again, and serves', () => lost === 3 && serves)
    },
  },
}
