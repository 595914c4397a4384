import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultProxy } from '../../fault-proxy/index.js'
import type { Dump } from '../protocol.js'
import type { Fault } from './fault.js'
import { watched } from './watched.js'

/** As the command goes over the wire. The text of a function may hold the word as well. */
const SUBSCRIBE = ['$9\r\nsubscribe\r\n', '$10\r\nssubscribe\r\n']

const lossless = { isLossy: false, needs: 'redis' } as const

/** Faults of the ways between servers and Redis. */
export const REDIS_WAY_FAULTS: Readonly<Record<string, Fault>> = {
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
  'redis.command-reset': {
    ...lossless,
    says: 'the connection over which a server asks Redis is reset, five times; the one over which it listens stays',
    async harm({ redis }, chance, _places, _record, proof) {
      const way = chance.pick(redis.ways)
      const ears = await connections(way, { subscribed: true })
      const { accepted } = way
      for (let i = 0; i < 5; i++) {
        for (const link of await connections(way, { subscribed: false })) link.reset()
        await sleep(chance.between(50, 400))
      }
      proof.claim('a server made other connections to ask by, and goes on listening over those it had', () => {
        return way.accepted >= accepted + 5 && ears.every((link) => way.links.has(link))
      })
    },
  },
  'redis.cut-off': {
    ...lossless,
    says: 'a server is cut off from Redis for a while: bytes wait both ways',
    async harm({ redis }, chance, _places, _record, proof) {
      const way = chance.pick(redis.ways)
      const links = [...way.links].map(watched)
      way.change({ held: true })
      await sleep(chance.between(500, 4_000))
      way.clear()
      proof.claim('something had to wait on its way to Redis', () => links.some((link) => link.harmed('up').held > 0))
    },
  },
  'redis.half-open': {
    ...lossless,
    says: 'the connection over which a server asks Redis dies without a word: bytes vanish both ways, and nobody hears of the end',
    async harm({ redis }, chance, _places, _record, proof) {
      const way = chance.pick(redis.ways)
      const links = await connections(way, { subscribed: false })
      const { accepted } = way
      for (const link of links) link.change({ lost: true })
      proof.claim('what the server asked was lost, and it made another connection', () => {
        return links.every((link) => link.harmed('up').lost > 0) && way.accepted > accepted
      })
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
      const links = redis.ways.map((way) => [...way.links].map(watched))
      for (const way of redis.ways) way.change({ delayMs: chance.between(50, 400) }, 'down')
      await sleep(2_500)
      for (const way of redis.ways) way.clear()
      proof.claim('every server got answers late', () =>
        links.every((ofWay) => ofWay.some((link) => link.harmed('down').late > 0)),
      )
    },
  },
  'redis.command-slow': {
    ...lossless,
    says: 'what a server asks reaches Redis late, and so do the answers; what it listens to does not',
    async harm({ redis }, chance, _places, _record, proof) {
      const way = chance.pick(redis.ways)
      const ears = (await connections(way, { subscribed: true })).map(watched)
      const slow = await connections(way, { subscribed: false })
      const links = slow.map(watched)
      for (const link of slow) link.change({ delayMs: chance.between(50, 400) })
      await sleep(2_500)
      for (const link of slow) link.change({ delayMs: 0 })
      proof.claim('questions and answers were late, and nothing else was', () => {
        const areLate = links.every((link) => link.harmed('up').late > 0 && link.harmed('down').late > 0)
        return areLate && ears.every((link) => link.harmed('down').late === 0)
      })
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
}

/** Whether a reply of Redis says where a message of a log is stored, and the log has it. */
function tellsOf(reply: string, { head, entries }: Dump): boolean {
  const [, ...told] = reply.split(`${head.epoch}\r\n:`)
  const offsets = told.map((text) => Number.parseInt(text, 10))
  return entries.some(({ offset }) => offsets.includes(offset))
}

/** Connections that have subscribed to something, or those that have not; waits until there are some, for without one there is no fault. */
async function connections(way: FaultProxy, { subscribed }: { readonly subscribed: boolean }) {
  for (let tries = 0; tries < 200; tries++) {
    // Some that have died without a word may be there for a while.
    const whole = [...way.links].filter((link) => link.isWhole)
    const links = whole.filter((link) => SUBSCRIBE.some((words) => link.hasSaid(words)) === subscribed)
    if (links.length > 0) return links
    await sleep(25)
  }
  throw new Error('there is no such connection to Redis')
}
