import { SUBPROTOCOL } from '@org/realtime-protocol'
import { seededRandom } from '@org/realtime-protocol/testing'
import type { Clock, Handshake, Random, Transport, TransportHandler } from '../ports/index.js'
import type { ClientLinkEvents, ClientTransport } from './client-transport.js'
import { PairLink, type Direction } from './pair-link.js'

/** What takes links: a `RealtimeServer`. */
export interface Acceptor {
  /** Takes a link that did not come by HTTP. */
  accept(transport: Transport, handshake: Handshake): TransportHandler
}

/** Settings of a pair. */
export interface PairOptions {
  /** Time; the one that server and client have. Usually a `VirtualClock`. */
  readonly clock: Clock
  /** How long everything takes from one end to the other, in milliseconds. Default: 0, which is the next turn. */
  readonly latencyMs?: number
  /** What the server learns of the request that opens a link: headers with cookies, the address. Default: nothing much. */
  readonly handshake?: Partial<Handshake>
  /** Seed of the client's chance. Default: how many pairs the server has had, so that no two clients make the same ids. */
  readonly seed?: number
}

/** What a client needs to live in a test: options of `RealtimeClient`. */
export interface PairClientOptions {
  /** Reaches the server. */
  readonly transport: ClientTransport
  /** The clock of the pair. */
  readonly clock: Clock
  /** Repeatable chance. */
  readonly random: Pick<Random, 'fraction' | 'id'>
}

/** A cable between one client and one server, in the hands of a test. */
export interface Pair {
  /** For the client: `new RealtimeClient('ws://test', pair.options)`. Spread it to add options of your own. */
  readonly options: PairClientOptions
  /** The client's side alone. */
  readonly transport: ClientTransport
  /** Breaks the link. What was under way is lost, both ends hear of it, and the client dials again. */
  cut(): void
  /**
   * Nothing comes through any more, and nobody hears of it: a network that fell silent, or, in one direction, a peer
   * that does not read. Links that are dialled meanwhile are silent as well.
   *
   * @param direction Only what travels this way. Default: both ways.
   */
  stall(direction?: Direction): void
  /** Ends {@link stall}. What was held up comes through, in its order. */
  resume(direction?: Direction): void
  /** Breaks the link, and refuses every dial until {@link plug}: the server cannot be reached. */
  unplug(): void
  /** The server can be reached again. */
  plug(): void
}

const HANDSHAKE: Omit<Handshake, 'url'> = { headers: {}, remoteAddress: '192.0.2.1' }
const pairsOf = new WeakMap<Acceptor, number>()

/**
 * Joins a real client to a real server in memory: no port, no socket. Nothing arrives in the turn it was sent, order is
 * kept, and what travels is the text that would be on the wire.
 *
 * ```ts
 * const pair = connectPair(server, { clock, latencyMs: 20 })
 * const client = new RealtimeClient('ws://test', pair.options)
 * await clock.until(client.ready())
 * ```
 */
export function connectPair(server: Acceptor, { clock, latencyMs = 0, handshake, seed }: PairOptions): Pair {
  if (!(latencyMs >= 0)) throw new TypeError('latencyMs must be a number of milliseconds from 0')
  const ordinal = (pairsOf.get(server) ?? 0) + 1
  pairsOf.set(server, ordinal)
  const links = new Set<PairLink>()
  const stalled = new Set<Direction>()
  let isPlugged = true

  const dial = (url: string, subprotocol: string, events: ClientLinkEvents) => {
    const { pathname, search } = new URL(url)
    const asked = { ...HANDSHAKE, url: pathname + search, ...handshake }
    const link = new PairLink(clock, latencyMs, asked.remoteAddress, {
      opened: () => events.opened(),
      message: (text) => events.message(text),
      closed(code, reason) {
        links.delete(link)
        events.closed(code, reason)
      },
    })
    links.add(link)
    for (const direction of stalled) link.stall(direction)
    if (subprotocol !== SUBPROTOCOL) link.refuse(1002, 'subprotocol')
    else if (isPlugged) link.open((transport) => server.accept(transport, asked))
    else link.cut()
    return link.client
  }
  const transport: ClientTransport = { dial }
  return {
    transport,
    options: { transport, clock, random: seededRandom(seed ?? ordinal) },
    cut: () => links.forEach((link) => link.cut()),
    stall(direction) {
      for (const each of directions(direction)) {
        stalled.add(each)
        links.forEach((link) => link.stall(each))
      }
    },
    resume(direction) {
      for (const each of directions(direction)) {
        stalled.delete(each)
        links.forEach((link) => link.resume(each))
      }
    },
    unplug() {
      isPlugged = false
      links.forEach((link) => link.cut())
    },
    plug: () => void (isPlugged = true),
  }
}

function directions(direction: Direction | undefined): readonly Direction[] {
  return direction ? [direction] : ['to-client', 'to-server']
}
