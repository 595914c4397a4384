import type { ChaosClient } from '../../../src/chaos/chaos-client.js'
import { playRound } from '../../../src/chaos/round.js'
import { Runs } from '../../../src/chaos/runs.js'
import type { Stage } from '../../../src/chaos/stage.js'
import { Chance } from '../../../src/sim/chance.js'

export interface Rehearsal {
  /** What was done to servers, Redis and links, each with its time in the round, in order. */
  readonly deeds: readonly string[]
  /** What was published, and by whom, in order. */
  readonly published: readonly string[]
}

interface Conditions {
  readonly kind: string
  readonly seed: number
  readonly publishesPerSecond?: number
  /** How often it is asked until subscriptions fall behind. Default: at once. */
  readonly fallsBehindAfter?: number
  /** Clients whose links come in another order, and after one that nobody uses any more. Default: no. */
  readonly isShuffled?: boolean
}

const NOTHING = { head: { epoch: '', offset: 0 }, entries: [] }
const CLIENTS = 12

/** Plays a round with nobody on the stage: what is done to whom is written down, and nothing else happens. */
export async function rehearse(conditions: Conditions): Promise<Rehearsal> {
  const { kind, seed, publishesPerSecond = 0, fallsBehindAfter = 0, isShuffled = false } = conditions
  const begun = performance.now()
  const deeds: string[] = []
  const published: string[] = []
  const did = (...what: readonly unknown[]) => {
    deeds.push([Math.round(performance.now() - begun), ...what.map((part) => JSON.stringify(part))].join(' '))
  }
  const link = (name: string, port: number, hasSubscribed: boolean) => ({
    port,
    isWhole: true,
    hasSaid: () => hasSubscribed,
    harmed: () => ({ lost: 1, held: 1, late: 1 }),
    change: (...weather: readonly unknown[]) => did(name, weather),
    reset: () => did(name, 'reset'),
    loseNextReply: () => did(name, 'lose reply'),
  })
  const way = (name: string) => ({
    accepted: 0,
    links: new Set([link(`${name} speaks`, 1, false), link(`${name} listens`, 2, true)]),
    change: (...weather: readonly unknown[]) => did(name, weather),
    clear: () => did(name, 'clear'),
    reset: () => did(name, 'reset'),
    refuse: async () => did(name, 'refuse'),
    admit: async () => did(name, 'admit'),
  })
  const berths = ['node1', 'node2'].map((name) => ({
    name,
    process: { stop: () => did(name, 'stop'), continue: () => did(name, 'continue'), ask: async () => NOTHING.head },
  }))
  let [asked, number] = [0, 0]
  const clients = Array.from({ length: CLIENTS }, (_, i) => someone(`client${i + 1}`, i, published))
  const links = clients.map(({ name, port = 0 }) => link(name, port, true))
  const fleet = {
    berths,
    pick: (chance: Chance) => chance.pick(berths),
    kill: async ({ name }: { readonly name: string }, downMs: number) => did(name, 'kill', downMs),
    restart: async ({ name }: { readonly name: string }) => did(name, 'restart'),
    edge: {
      links: new Set(isShuffled ? [link('nobody', 9, true), ...links.reverse()] : links),
      reset: () => did('edge', 'reset'),
    },
    total: async () => (asked++ > fallsBehindAfter ? asked : 0),
    ask: async (what: string) => (what === 'log' ? NOTHING : []),
  }
  const redis = {
    ways: [way('way1'), way('way2')],
    replication: way('replication'),
    command: async (...words: readonly unknown[]) => did('redis', words),
    process: async () => `process ${number++}`,
    calls: async () => number++,
    libraries: async () => 1,
    keys: async (pattern: string) => [pattern],
    crash: async (downMs: number) => did('redis', 'crash', downMs),
    lose: async (downMs: number) => did('redis', 'lose', downMs),
    freeze: async (ms: number) => did('redis', 'freeze', ms),
    behindBytes: async () => 1,
    dialled: async (times: number) => did('replication', 'dialled', times),
    failOver: async () => did('redis', 'fail over'),
  }
  const stage = { fleet, clients, redis, runs: new Runs() } as unknown as Stage
  const load = { channels: 3, publishesPerSecond, aroundMs: 1_000 }
  await playRound(stage, 'rehearsal', kind, load, new Chance(seed, 'round 1'))
  return { deeds, published }
}

function someone(name: string, i: number, published: string[]): ChaosClient {
  const client = {
    name,
    port: 40_000 + i,
    pending: 0,
    attendee: { list: {}, enter: async () => undefined, leave: async () => undefined },
    begin: async () => undefined,
    end: () => undefined,
    position: () => NOTHING.head,
    publish: (channel: string, padBytes: number) => void published.push(`${name} ${channel} ${padBytes}`),
    call: () => undefined,
  }
  return client as unknown as ChaosClient
}
