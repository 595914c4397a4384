import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultProxy } from '../../fault-proxy/index.js'
import type { Chance } from '../../sim/chance.js'
import type { Places } from '../chaos-client.js'
import type { Stage } from '../stage.js'
import { takeOver } from '../undoing.js'
import type { Fault } from './fault.js'

/** As the command goes over the wire. The text of a function may hold the word as well. */
const SUBSCRIBE = ['$9\r\nsubscribe\r\n', '$10\r\nssubscribe\r\n']

const lossless = { isLossy: false, needs: 'redis' } as const
const lossy = { isLossy: true, needs: 'redis' } as const
const newHistory = { isNewHistory: true } as const

/** Faults of Redis and of the way to it. */
export const REDIS_FAULTS: Readonly<Record<string, Fault>> = {
  'redis.reset': {
    ...lossless,
    says: 'all connections of a server to Redis are reset',
    harm: async ({ redis }, chance) => chance.pick(redis.ways).reset(),
  },
  'redis.cut-off': {
    ...lossless,
    says: 'a server is cut off from Redis for a while: bytes wait both ways',
    async harm({ redis }, chance) {
      const way = chance.pick(redis.ways)
      way.change({ held: true })
      await sleep(chance.between(500, 4_000))
      way.clear()
    },
  },
  'redis.refused': {
    ...lossless,
    says: 'a server loses its connections to Redis, and new ones are refused for a while',
    async harm({ redis }, chance) {
      const way = chance.pick(redis.ways)
      await way.refuse()
      way.reset()
      await sleep(chance.between(500, 4_000))
      await way.admit()
    },
  },
  'redis.slow': {
    ...lossless,
    says: 'Redis answers and publishes a few hundred milliseconds late',
    async harm({ redis }, chance) {
      for (const way of redis.ways) way.change({ delayMs: chance.between(50, 400) }, 'down')
      await sleep(2_500)
      for (const way of redis.ways) way.clear()
    },
  },
  'redis.deaf': {
    ...lossless,
    says: 'the subscriber connection of a server goes deaf: it can speak, and hears nothing',
    async harm({ redis }, chance) {
      for (const link of await connections(chance.pick(redis.ways), { subscribed: true }))
        link.change({ lost: true }, 'down')
    },
  },
  'redis.pubsub-killed': {
    ...lossless,
    says: 'Redis ends all subscriber connections, as it does when their output buffers are full',
    async harm({ redis }) {
      await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    },
  },
  'redis.lost-reply': {
    ...lossless,
    says: 'Redis does what a server asks, and the reply is lost with the connection; five times',
    async harm({ redis }, chance) {
      for (let i = 0; i < 5; i++) {
        for (const link of await connections(chance.pick(redis.ways), { subscribed: false })) link.loseNextReply()
        await sleep(chance.between(100, 600))
      }
    },
  },
  'redis.function-flush': {
    ...lossless,
    says: 'FUNCTION FLUSH: all functions are gone, three times',
    async harm({ redis }, chance) {
      for (let i = 0; i < 3; i++) {
        await redis.command('FUNCTION', 'FLUSH', 'SYNC')
        await sleep(chance.between(50, 500))
      }
    },
  },
  'redis.freeze': {
    ...lossless,
    says: 'Redis is stopped (SIGSTOP) for a while',
    harm: ({ redis }, chance) => redis.freeze(chance.between(500, 4_000)),
  },
  'redis.restart-aof': {
    ...lossless,
    ...newHistory,
    says: 'Redis gets SIGKILL and comes back from its append-only file',
    harm: ({ redis }, chance) => redis.crash(chance.between(0, 1_500)),
  },
  'redis.failover-clean': {
    ...lossless,
    ...newHistory,
    says: 'FAILOVER to the replica, which has everything',
    harm: ({ redis }) => redis.failOver(),
  },
  'redis.fail-back': {
    ...lossless,
    ...newHistory,
    says: 'FAILOVER to the replica, and back again',
    async harm({ redis }) {
      await redis.failOver()
      await redis.failOver()
    },
  },
  'redis.failover-lossy': {
    ...lossy,
    ...newHistory,
    says: 'the replication link stands still, the master dies, and the replica takes over without the last messages',
    async harm(stage, chance, places, record) {
      stage.redis.lag()
      await sleep(chance.between(100, 1_000))
      await takeOver(stage, places, record)
    },
  },
  'redis.split-brain': {
    ...lossy,
    ...newHistory,
    says: 'the replica takes over while one server goes on with the old master; what that one stored is undone',
    async harm(stage, chance, places, record) {
      stage.redis.lag()
      await sleep(chance.between(0, 300))
      await takeOver(stage, places, record, { servers: 1, forMs: chance.between(300, 1_500) })
    },
  },
  'redis.restart-empty': {
    ...lossy,
    ...newHistory,
    says: 'Redis gets SIGKILL and comes back with nothing',
    harm: ({ redis }, chance) => redis.lose(chance.between(0, 1_500)),
  },
  'redis.evict-log': {
    ...lossy,
    says: 'the log of a channel is evicted',
    harm: (stage, chance, places) => evict('l', stage, chance, places),
  },
  'redis.evict-meta': {
    ...lossy,
    says: 'the meta key of a channel is evicted',
    harm: (stage, chance, places) => evict('m', stage, chance, places),
  },
  'redis.evict-dedupe': {
    ...lossy,
    says: 'a dedupe bucket of a channel is evicted',
    harm: (stage, chance, places) => evict(chance.pick(['d0', 'd1']), stage, chance, places),
  },
}

async function evict(kind: string, { redis }: Stage, chance: Chance, { rooms }: Places) {
  const room = chance.pick(rooms)
  const found = await redis.keys(`rt1:{*}:${kind}:${room}`)
  if (found.length !== 1) throw new Error(`there are ${found.length} keys of kind ${kind} of ${room}`)
  await redis.command('DEL', ...found)
}

/** Connections that have subscribed to something, or those that have not; waits until there are some, for without one there is no fault. */
async function connections(way: FaultProxy, { subscribed }: { readonly subscribed: boolean }) {
  for (let tries = 0; tries < 200; tries++) {
    const links = [...way.links].filter((link) => SUBSCRIBE.some((words) => link.hasSaid(words)) === subscribed)
    if (links.length > 0) return links
    await sleep(25)
  }
  throw new Error('there is no such connection to Redis')
}
