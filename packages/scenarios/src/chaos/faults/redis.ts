import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultProxy } from '../../fault-proxy/index.js'
import type { Chance } from '../../sim/chance.js'
import type { Places } from '../chaos-client.js'
import type { Proof } from '../proof.js'
import type { Dump } from '../protocol.js'
import type { Stage } from '../stage.js'
import { takeOver, type UndoneLog } from '../undoing.js'
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
    async harm({ redis }, chance, _places, _record, proof) {
      const way = chance.pick(redis.ways)
      const { accepted, links } = way
      const had = links.size
      way.reset()
      proof.claim('a server lost connections, and made others', () => had > 0 && way.accepted > accepted)
    },
  },
  'redis.cut-off': {
    ...lossless,
    says: 'a server is cut off from Redis for a while: bytes wait both ways',
    async harm({ redis }, chance, _places, _record, proof) {
      const way = chance.pick(redis.ways)
      way.change({ held: true })
      const links = [...way.links]
      await sleep(chance.between(500, 4_000))
      way.clear()
      proof.claim('something had to wait on its way to Redis', () => links.some((link) => link.harmed('up').held > 0))
    },
  },
  'redis.refused': {
    ...lossless,
    says: 'a server loses its connections to Redis, and new ones are refused for a while',
    async harm({ redis }, chance, _places, _record, proof) {
      const way = chance.pick(redis.ways)
      const had = way.links.size
      await way.refuse()
      way.reset()
      const { accepted } = way
      await sleep(chance.between(500, 4_000))
      const has = way.links.size
      await way.admit()
      proof.claim(
        'a server had connections, then none, then others',
        () => had > 0 && has === 0 && way.accepted > accepted,
      )
    },
  },
  'redis.slow': {
    ...lossless,
    says: 'Redis answers and publishes a few hundred milliseconds late',
    async harm({ redis }, chance, _places, _record, proof) {
      for (const way of redis.ways) way.change({ delayMs: chance.between(50, 400) }, 'down')
      const links = redis.ways.map((way) => [...way.links])
      await sleep(2_500)
      for (const way of redis.ways) way.clear()
      proof.claim('every server got answers late', () =>
        links.every((ofWay) => ofWay.some((link) => link.harmed('down').late > 0)),
      )
    },
  },
  'redis.deaf': {
    ...lossless,
    says: 'the subscriber connection of a server goes deaf: it can speak, and hears nothing',
    async harm({ redis }, chance, _places, _record, proof) {
      const links = await connections(chance.pick(redis.ways), { subscribed: true })
      for (const link of links) link.change({ lost: true }, 'down')
      proof.claim('publications were lost on their way to the server', () =>
        links.every((link) => link.harmed('down').lost > 0 && link.harmed('up').lost === 0),
      )
    },
  },
  'redis.pubsub-killed': {
    ...lossless,
    says: 'Redis ends all subscriber connections, as it does when their output buffers are full',
    async harm({ redis, fleet }, _chance, _places, _record, proof) {
      const killed = Number(await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub'))
      proof.claim('every server lost a subscriber connection', () => killed >= fleet.berths.length)
    },
  },
  'redis.lost-reply': {
    ...lossless,
    says: 'Redis does what a server asks, and the reply is lost with the connection; five times',
    async harm({ redis }, chance, _places, _record, proof) {
      const lost: string[] = []
      for (let i = 0; i < 5; i++) {
        const links = await connections(chance.pick(redis.ways), { subscribed: false })
        for (const link of links) link.loseNextReply((reply) => lost.push(reply))
        await sleep(chance.between(100, 600))
      }
      proof.claim('a reply was lost that said where a message is stored, and there it is', ({ dumps }) =>
        [...dumps.values()].some((dump) => lost.some((reply) => tellsOf(reply, dump))),
      )
    },
  },
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
    ...lossy,
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
    ...lossy,
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
    ...lossy,
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
    ...lossy,
    says: 'the log of a channel is evicted',
    harm: (stage, chance, places, _record, proof) => evict('l', stage, chance, places, proof),
  },
  'redis.evict-meta': {
    ...lossy,
    says: 'the meta key of a channel is evicted',
    harm: (stage, chance, places, _record, proof) => evict('m', stage, chance, places, proof),
  },
  'redis.evict-dedupe': {
    ...lossy,
    says: 'a dedupe bucket of a channel is evicted',
    harm: (stage, chance, places, _record, proof) => evict(chance.pick(['d0', 'd1']), stage, chance, places, proof),
  },
}

/** Whether a reply of Redis says where a message of a log is stored, and the log has it. */
function tellsOf(reply: string, { head, entries }: Dump): boolean {
  const [, ...told] = reply.split(`${head.epoch}\r\n:`)
  const offsets = told.map((text) => Number.parseInt(text, 10))
  return entries.some(({ offset }) => offsets.includes(offset))
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

/** Connections that have subscribed to something, or those that have not; waits until there are some, for without one there is no fault. */
async function connections(way: FaultProxy, { subscribed }: { readonly subscribed: boolean }) {
  for (let tries = 0; tries < 200; tries++) {
    const links = [...way.links].filter((link) => SUBSCRIBE.some((words) => link.hasSaid(words)) === subscribed)
    if (links.length > 0) return links
    await sleep(25)
  }
  throw new Error('there is no such connection to Redis')
}
