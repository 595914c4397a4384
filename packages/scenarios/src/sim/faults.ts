import type { BackendWeather } from './latent-backend.js'
import type { ServerNode } from './server-node.js'
import type { Break, Wire } from './wire.js'
import type { World } from './world.js'

/** Does harm to a world, if there is something to harm, and has it written down under its name. */
type Fault = (world: World, kind: string) => void

/** Longest time for which a node is stopped. */
export const LONGEST_STOP_MS = 12_000

/** Every kind of fault, by the name it has in the record. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'link.reset': onLink((_world, wire) => wire.break('reset')),
  'link.half-open': onLink((_world, wire) => wire.break('half-open')),
  'link.linger': onLink((_world, wire) => wire.break('linger')),
  'link.all': (world, kind) =>
    world.hit(kind, () => {
      for (const wire of world.openWires()) wire.break(world.faultChance.pick<Break>(['reset', 'half-open', 'linger']))
    }),
  'link.stall': onLink((world, wire) => wire.down.stallFor(world.faultChance.between(500, 8_000))),
  'link.delay': onLink((world, wire) => {
    wire.down.delay(world.faultChance.between(50, 1_500))
    wire.up.delay(world.faultChance.between(50, 1_500))
  }),

  'link.kick': onNode((world, node) => node.kick(world.faultChance.pick(world.clients).name)),

  'session.end': onNode((world, node) => {
    const { session, link } = world.faultChance.pick(world.clients)
    // Who hears of it never asks for that session again. Who does not, on a link that has died without a word, or between two links,
    // comes back later and asks.
    const how = world.faultChance.pick<Break | 'hears'>(['hears', 'half-open', 'half-open', 'linger', 'reset'])
    if (how !== 'hears') link?.break(how)
    if (session !== undefined) node.end(session)
  }),

  'node.kill': onNode((world, node) => world.killNode(node, world.faultChance.between(200, 3_000))),
  'node.restart': onNode((world, node) => world.restartNode(node, world.faultChance.between(300, 3_000))),
  'node.stop': onNode((world, node) => node.process.stopFor(world.faultChance.between(200, LONGEST_STOP_MS))),

  'failover.lossless': (world, kind) => world.hit(kind, () => world.failOver()),
  'failover.lossy': (world, kind) => {
    const checkpoint = world.checkpoint()
    world.time.after(world.faultChance.between(50, 1_500), () => {
      // A replica that lags copies from the master there is: what an earlier failover has undone is gone there too.
      if (world.failovers === checkpoint.failovers) world.hit(kind, () => world.failOver(checkpoint))
    })
  },
  'backend.death': (world, kind) => world.hit(kind, () => world.killBackend()),
  'backend.degraded': (world, kind) => {
    const { backend } = world
    const lastsMs = world.faultChance.between(500, 3_000)
    const harm = () => {
      backend.setDegraded(true)
      world.time.after(lastsMs, () => backend.setDegraded(false))
    }
    world.hit(kind, harm, lastsMs)
  },
  'backend.slow': weather({ extraMs: 400, newsMs: 400 }),
  'backend.slow-answers': weather({ extraMs: 400 }),
  'backend.request-loss': weather({ requestLoss: 0.3 }),
  'backend.request-delay': weather({ requestDelay: 0.3 }),
  'backend.reply-loss': weather({ replyLoss: 0.3 }),
  'backend.delivery-loss': weather({ deliveryLoss: 0.2 }),

  'client.crash': (world, kind) => world.hit(kind, () => world.faultChance.pick(world.clients).crash()),
  'client.crash-in-listener': (world, kind) =>
    world.hit(kind, () => world.faultChance.pick(world.clients).crashInListener()),
  'client.offline': (world, kind) =>
    world.hit(kind, () => {
      const client = world.faultChance.pick(world.clients)
      client.setOnline(false)
      world.time.after(world.faultChance.between(200, 5_000), () => client.setOnline(true))
    }),
  'client.away': (world, kind) =>
    world.hit(kind, () => {
      const client = world.faultChance.pick(world.clients)
      client.setOnline(false)
      // Longer than the grace of presence.
      world.time.after(world.faultChance.between(4_500, 9_000), () => client.setOnline(true))
    }),
  'client.leave': (world, kind) =>
    world.hit(kind, () => {
      const client = world.faultChance.pick(world.clients)
      const channel = world.faultChance.pick(world.all)
      if (!client.leave(channel)) return
      world.time.after(2_000, () => client.subscribe(channel))
    }),
}

/** Kinds that go on for a while, so that what comes after them takes longer, too. */
export const LASTING_FAULTS = kindsLike(/^(backend|failover|node|link)\./)

/** Kinds that keep nodes from the backend, or from their work. */
export const DISABLING_FAULTS = kindsLike(/^(backend|failover|node)\./)

/** Kinds after which stored messages may be gone. */
export const LOSSY_FAULTS: readonly string[] = ['failover.lossy', 'backend.death']

function kindsLike(pattern: RegExp): readonly string[] {
  return Object.keys(FAULTS).filter((kind) => pattern.test(kind))
}

function onLink(harm: (world: World, wire: Wire) => void): Fault {
  return (world, kind) => {
    const wires = world.openWires()
    if (wires.length === 0) return
    const wire = world.faultChance.pick(wires)
    world.hit(kind, () => harm(world, wire))
  }
}

function onNode(harm: (world: World, node: ServerNode) => void): Fault {
  return (world, kind) => {
    const node = anyNode(world)
    if (node) world.hit(kind, () => harm(world, node))
  }
}

function anyNode({ nodes, faultChance }: World): ServerNode | undefined {
  const alive = nodes.filter((node) => !node.process.isDead)
  return alive.length === 0 ? undefined : faultChance.pick(alive)
}

/** Bad weather between one node and its backend, for a while. */
function weather(worse: Partial<BackendWeather>): Fault {
  const clear = Object.fromEntries(Object.keys(worse).map((name) => [name, 0]))
  return (world, kind) => {
    const node = anyNode(world)
    if (!node) return
    const lastsMs = world.faultChance.between(500, 3_000)
    const harm = () => {
      Object.assign(node.weather, worse)
      world.time.after(lastsMs, () => void Object.assign(node.weather, clear))
    }
    world.hit(kind, harm, worse.requestLoss || worse.replyLoss ? lastsMs : 0)
  }
}
