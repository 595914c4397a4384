import { setTimeout as sleep } from 'node:timers/promises'
import type { ProxiedLink } from '../../fault-proxy/index.js'
import type { Chance } from '../../sim/chance.js'
import type { ChaosClient } from '../chaos-client.js'
import { BRIEF_MESSAGES } from '../protocol.js'
import type { Record } from '../record.js'
import type { Stage } from '../stage.js'
import type { Fault } from './fault.js'
import { watched, type Watched } from './watched.js'

/** Large messages that a slow client is sent at most, in tens: 18 MB. */
const MOST_BURSTS = 60

const common = { isLossy: false, needs: 'nothing' } as const

/** Faults between clients and servers. */
export const CLIENT_FAULTS: { readonly [kind: string]: Fault } = {
  'client.reset': {
    ...common,
    says: 'links of clients are reset',
    async harm(stage, chance, _places, record, proof) {
      const begun = record.history.length
      const links = some(stage, chance)
      for (const link of links) link.reset()
      proof.claim('clients lost the links', () => links.length > 0 && losers(record, begun).size >= links.length)
    },
  },
  'client.half-open': {
    ...common,
    says: 'links of clients die without a word: bytes vanish both ways, and nobody hears of the end',
    async harm(stage, chance, _places, _record, proof) {
      const links = some(stage, chance)
      for (const link of links) link.change({ lost: true })
      proof.claim('each of the links lost something, both ways', () =>
        harmed(links, (link) => link.harmed('up').lost > 0 && link.harmed('down').lost > 0),
      )
    },
  },
  'client.deaf': {
    ...common,
    says: 'links of clients carry only what they say, and nothing of what they should hear',
    async harm(stage, chance, _places, _record, proof) {
      const links = some(stage, chance)
      for (const link of links) link.change({ lost: true }, 'down')
      proof.claim(
        'each of the links lost something on its way to the client, and nothing on its way to the server',
        () => harmed(links, (link) => link.harmed('up').lost === 0 && link.harmed('down').lost > 0),
      )
    },
  },
  'client.away': {
    ...common,
    says: 'links of clients die, and a log that keeps few messages goes on without them, further than it keeps',
    async harm(stage, chance, { brief, rooms }, record, proof) {
      const begun = record.history.length
      // Among others that lose something there is no such log: then they are away, and miss nothing.
      const log = brief ?? chance.pick(rooms)
      const away = some(stage, chance)
      for (const link of away) link.change({ lost: true })
      const others = stage.clients.filter(({ port }) => !away.some((link) => link.port === port))
      const absent = stage.clients.filter((client) => !others.includes(client))
      const reached = () => Math.max(...others.map((client) => client.position(log)?.offset ?? 0))
      const goal = reached() + BRIEF_MESSAGES * 3
      // So large that servers, which hold the latest of a channel as well, hold no more of them than the log does.
      for (let i = 0; i < BRIEF_MESSAGES * 3; i++) chance.part(`${i}`).pick(others).publish(log, 7_000)
      for (let tries = 0; tries < 200 && reached() < goal; tries++) await sleep(25)
      for (const link of away) link.reset()
      proof.claim('who was away was told a gap, for the log does not go back so far', () => {
        return absent.length > 0 && absent.every(({ name }) => isTold(record, begun, name, log))
      })
    },
  },
  'client.slow': {
    ...common,
    says: 'clients read a few kB each second of large messages, so that they fall behind on the server',
    async harm(stage, chance, { rooms }, _record, proof) {
      const slow = some(stage, chance)
      const before = await fallen(stage)
      proof.claim('subscriptions fell behind', async () => (await fallen(stage)) > before)
      for (const link of slow) link.change({ bytesPerSecond: chance.between(2_000, 20_000) }, 'down')
      const burst = chance.part('burst')
      // Systems differ in how many megabytes lie between a server and who does not read.
      for (let bursts = 0, more = 5; bursts < MOST_BURSTS && more > 0; bursts++) {
        for (let i = 0; i < 10; i++) burst.pick(stage.clients).publish(burst.pick(rooms), 30_000)
        await sleep(50)
        if ((await fallen(stage)) > before) more -= 1
      }
      for (const link of slow) link.change({ bytesPerSecond: Infinity }, 'down')
    },
  },
  'client.stall': {
    ...common,
    says: 'links of clients stand still, shorter and longer than a heartbeat allows, then everything arrives late',
    async harm(stage, chance, _places, _record, proof) {
      const stalled = some(stage, chance)
      const seen = stalled.map(watched)
      proof.claim('something had to wait on each of the links', () =>
        harmed(seen, (link) => link.harmed('up').held + link.harmed('down').held > 0),
      )
      for (const link of stalled) link.change({ held: true })
      await sleep(chance.between(300, 5_000))
      for (const link of stalled) link.change({ held: false })
    },
  },
  'client.storm': {
    ...common,
    says: 'all clients lose their links at once, three times in a row, and come back together',
    async harm({ fleet: { edge }, clients }, chance, _places, record, proof) {
      const begun = record.history.length
      proof.claim('every client lost its link', () => losers(record, begun).size === clients.length)
      for (let i = 0; i < 3; i++) {
        edge.reset()
        await sleep(chance.between(50, 500))
      }
    },
  },
}

/** How often subscriptions fell behind. A server that is dying says nothing. */
function fallen({ fleet }: Stage): Promise<number> {
  return fleet.total('realtime_slow_consumers_total').catch(() => 0)
}

/** Whether there are links, and something is true of all of them. */
function harmed(links: readonly Watched[], isSo: (link: Watched) => boolean): boolean {
  return links.length > 0 && links.every(isSo)
}

/** Whether a client was told, since some place of the record, that what it missed was trimmed. */
function isTold({ history }: Record, begun: number, subscriber: string, channel: string): boolean {
  return history.slice(begun).some((event) => {
    return (
      event.type === 'gap' && event.subscriber === subscriber && event.channel === channel && event.reason === 'trimmed'
    )
  })
}

/** The clients that have lost a link since some place of the record. */
function losers({ history }: Record, begun: number): ReadonlySet<string> {
  return new Set(history.slice(begun).flatMap((event) => (event.type === 'conn.down' ? [event.client] : [])))
}

/**
 * The links of about a third of the clients, at least one. Who is drawn does not depend on who has a link just now, nor in which
 * order they came.
 */
function some({ fleet: { edge }, clients }: Stage, chance: Chance): readonly ProxiedLink[] {
  const linksOf = (client: ChaosClient) => {
    // Some that have died may be there for a while: nobody uses them.
    return [...edge.links].filter((link) => link.isWhole && link.port === client.port)
  }
  const drawn = clients.filter(() => chance.happens(0.33)).flatMap(linksOf)
  return drawn.length > 0 ? drawn : clients.flatMap(linksOf).slice(0, 1)
}
