import fc from 'fast-check'
import type { HistoryEvent } from '../../src/history/index.js'
import { CallWorld } from './call-world.js'
import { PresenceWorld } from './presence-world.js'
import { World } from './world.js'

const quiet = {
  publish: (w, { who, where }) => w.publish(`p${who}`, `c${where}`),
  publishSome: (w, { who, where, n }) => {
    for (let i = 0; i <= n; i++) w.publish(`p${(who + i) % 3}`, `c${where}`)
  },
  publishLate: (w, { who, where }) => w.publish(`p${who}`, `c${where}`, 'late'),
  publishUnknown: (w, { who, where, n }) => w.publish(`p${who}`, `c${where}`, n % 2 ? 'stored' : 'lost'),
  publishRefused: (w, { who, where }) => w.publish(`p${who}`, `c${where}`, 'fail'),
  replies: (w) => w.replies(),
  subscribe: (w, { who, where }) => w.subscribe(`s${who}`, `c${where}`),
  subscribeStart: (w, { who, where }) => w.subscribe(`s${who}`, `c${where}`, 'start'),
  subscribeLast: (w, { who, where, n }) => w.subscribe(`s${who}`, `c${where}`, { last: n }),
  deliver: (w, { who, where, n }) => w.deliver(`s${who}`, `c${where}`, n),
  deliverAll: (w, { who, where }) => w.deliver(`s${who}`, `c${where}`),
  restart: (w, { who, where, n }) => w.restart(`s${who}`, `c${where}`, n),
  leave: (w, { who, where }) => w.unsubscribe(`s${who}`, `c${where}`),
  leaveAndReturn: (w, { who, where }) => {
    const position = w.unsubscribe(`s${who}`, `c${where}`)
    if (position) w.subscribe(`s${who}`, `c${where}`, position)
  },
  connect: (w, { who }) => w.connect(`p${who}`),
  cleanFailover: (w, { where }) => w.failover(`c${where}`),
  sampleQueue: (w, { n }) => w.bound(n),
} satisfies Record<string, Act>

const trimming = { trim: (w, { where, n }) => w.trim(`c${where}`, n) } satisfies Record<string, Act>

const losing = {
  lossyFailover: (w, { where, n }) => w.failover(`c${where}`, n + 1),
  death: (w, { where }) => w.death(`c${where}`),
  retries: (w) => w.replies(true),
} satisfies Record<string, Act>

const modes = {
  value: (w, { who, where }) => w.value(`p${who}`, `v${where}`),
  watch: (w, { who, where }) => w.watch(`s${who}`, `v${where}`),
  look: (w, { who, where }) => w.look(`s${who}`, `v${where}`),
  lookAgain: (w, { who, where, n }) => {
    w.restart(`s${who}`, `v${where}`, n)
    w.look(`s${who}`, `v${where}`)
  },
  leave: (w, { who, where }) => w.unsubscribe(`s${who}`, `v${where}`),
  change: (w, { who, where }) => w.change(`p${who}`, `v${where}`, 0),
  changeWithLoss: (w, { who, where, n }) => w.change(`p${who}`, `v${where}`, n + 1),
  signal: (w, { who, where, n }) => w.signal(`p${who}`, `x${where}`, n > 3),
  listen: (w, { who, where }) => w.listen(`s${who}`, `x${where}`),
  restart: (w, { who, where }) => w.restart(`s${who}`, `x${where}`),
  stopListening: (w, { who, where }) => w.unsubscribe(`s${who}`, `x${where}`),
} satisfies Record<string, Act>

interface Args {
  readonly who: number
  readonly where: number
  readonly n: number
}

type Act = (world: World, args: Args) => unknown

/** What fills a history; the rest breaks it up. */
const frequent = ['publishSome', 'publish', 'deliverAll', 'deliver', 'subscribe', 'connect']
const frequentInModes = ['value', 'look', 'watch', 'signal', 'listen']

function walk(acts: Record<string, Act>, often = frequent): fc.Arbitrary<HistoryEvent[]> {
  const act = fc.record({
    name: fc.constantFrom(...Object.keys(acts), ...often, ...often),
    who: fc.nat(2),
    where: fc.nat(1),
    n: fc.nat(5),
  })
  return fc.array(act, { minLength: 1, maxLength: 200, size: 'max' }).map((names) => {
    const world = new World()
    for (const { name, ...args } of names) acts[name]?.(world, args)
    return world.end()
  })
}

type PresenceAct = (world: PresenceWorld, args: Args) => unknown

const presence: Record<string, PresenceAct> = {
  connect: (w, { who }) => w.connect(`u${who}`),
  cut: (w, { who }) => w.cut(`u${who}`),
  blink: (w, { who, n }) => {
    w.cut(`u${who}`)
    w.pass(n * 500)
    w.connect(`u${who}`)
  },
  crash: (w, { who }) => w.crash(`u${who}`),
  enter: (w, { who, where }) => w.enter(`u${who}`, `c${where}`),
  leave: (w, { who, where }) => w.leave(`u${who}`, `c${where}`),
  toggle: (w, { who, where }) => w.toggle(`u${who}`, `c${where}`),
  failover: (w, { where }) => w.failover(`c${where}`),
  pass: (w, { n }) => w.pass(n * 1_000),
  audit: (w) => w.audit(),
}

const presenceWalk = fc
  .array(
    fc.record({
      name: fc.constantFrom(...Object.keys(presence), 'connect', 'connect', 'enter', 'enter', 'toggle', 'pass'),
      who: fc.nat(2),
      where: fc.nat(1),
      n: fc.nat(5),
    }),
    { minLength: 1, maxLength: 120, size: 'max' },
  )
  .map((names) => {
    const world = new PresenceWorld()
    for (const { name, ...args } of names) {
      world.pass(0)
      presence[name]?.(world, args)
    }
    return world.end()
  })

type CallAct = (world: CallWorld, args: Args) => unknown

const calling: Record<string, CallAct> = {
  client: (w, { who, n }) => w.call(`u${who}`, 'client', n % 3 === 0),
  server: (w, { where }) => w.call(`n${where}`, 'server', false),
  run: (w, { n }) => w.run(n),
  answer: (w, { n }) => w.answer(n),
  refuse: (w, { n }) => w.refuse(n),
  giveUp: (w, { n }) => w.giveUp(n),
  cut: (w, { who }) => w.cut(`u${who}`),
  pass: (w, { n }) => w.pass(n * 300),
}

const callWalk = fc
  .array(
    fc.record({
      name: fc.constantFrom(...Object.keys(calling), 'client', 'client', 'run', 'run', 'run', 'answer', 'answer'),
      who: fc.nat(2),
      where: fc.nat(1),
      n: fc.nat(5),
    }),
    { minLength: 1, maxLength: 120, size: 'max' },
  )
  .map((names) => {
    const world = new CallWorld()
    for (const { name, ...args } of names) calling[name]?.(world, args)
    return world.end()
  })

/** Valid histories of random length, by what may happen in them. */
export const walks = {
  /** No data is lost and none is trimmed: no gap is allowed. */
  quiet: walk(quiet),
  /** Logs are trimmed, nothing else is lost. */
  trimming: walk({ ...quiet, ...trimming }),
  /** Failovers and deaths lose data, nothing is trimmed. */
  losing: walk({ ...quiet, ...losing }),
  everything: walk({ ...quiet, ...trimming, ...losing }),
  /** Channels of the modes `latest` and `ephemeral`, and none that is a log. */
  modes: walk(modes, frequentInModes),
  /** Sessions come and go, in time. */
  presence: presenceWalk,
  /** Calls both ways, and links that are lost. */
  calls: callWalk,
}
