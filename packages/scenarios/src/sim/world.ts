import { deaf } from '../deaf.js'
import type { LinkEvents } from '@org/realtime-client'
import { memory, type MemoryBackend, type MemoryCheckpoint } from '@org/realtime-server'
import type { HistoryEvent } from '../history/index.js'
import { AppClient } from './app-client.js'
import { Chance } from './chance.js'
import { GIVEN, OTHER_MODES, OTHERS, PERSONAL, recorded } from './kinds.js'
import { LineageOracle, type ChannelHistory } from './lineage-oracle.js'
import type { Plan } from './plan.js'
import { PresenceTap } from './presence-tap.js'
import { Process } from './process.js'
import { NODE_LIMITS, ServerNode } from './server-node.js'
import { VirtualTime } from './virtual-time.js'
import type { Wire } from './wire.js'

/** An event without its time, which the world adds. */
export type Happening = HistoryEvent extends infer E ? (E extends HistoryEvent ? Omit<E, 'at'> : never) : never

/** What a replica has copied: the logs, and for the judge their true lineage. */
export interface Checkpoint {
  /** How many failovers there had been. */
  readonly failovers: number
  readonly memory: MemoryCheckpoint
  readonly oracle: ReadonlyMap<string, ChannelHistory>
}

/** Time after which an application gives up its publish. */
const SERVER_PATIENCE_MS = 20_000

/** Bytes that a `closing` frame may add to a full send queue. */
const CLOSING_BYTES = 256

/** Everything there is in one simulation, and the record of what happened in it. */
export class World {
  readonly time = new VirtualTime()
  readonly oracle = new LineageOracle()
  readonly history: HistoryEvent[] = []
  readonly faultChance: Chance
  nodes: ServerNode[]
  readonly clients: AppClient[]
  /** The rooms: logs that everybody writes to. */
  readonly channels: readonly string[]
  backend: MemoryBackend
  presence: PresenceTap
  /** How often each kind of fault happened. */
  readonly faults = new Map<string, number>()
  /** How often another replica took over, or the store was lost. */
  failovers = 0
  /** Errors that no code of ours should have thrown. */
  readonly surprises: unknown[] = []

  /** App-level ids of publications, by the ids the client gave them. */
  readonly idOf = new Map<string, string>()

  private links = 0
  private backends = 0
  private readonly balancer: Chance
  private wires: Wire[] = []

  constructor(
    private readonly seed: number,
    readonly plan: Plan,
  ) {
    this.faultChance = this.chance('faults')
    this.balancer = this.chance('balancer')
    this.channels = names('room:', plan.channels)
    for (const [channel, mode] of Object.entries(OTHER_MODES)) this.record({ type: 'channel', channel, mode })
    this.backend = this.newBackend()
    this.presence = new PresenceTap(this.backend, this)
    this.nodes = names('node', plan.nodes).map((name) => new ServerNode(name, this, this.backend))
    this.clients = names('client', plan.clients).map((name) => new AppClient(name, this))
  }

  /** Numbers of one part of the simulation. */
  chance(name: string): Chance {
    return new Chance(this.seed, name)
  }

  /** Writes down that something happened now. */
  record(happening: Happening): void {
    this.history.push({ at: round(this.time.now), ...happening })
  }

  /** Takes note of an error that nothing foresaw. */
  unexpected(error: unknown): void {
    this.surprises.push(error)
  }

  /**
   * Writes down that a fault happened, before it does its harm.
   *
   * @param inVainMs Time for which servers may ask the log in vain.
   */
  hit(kind: string, harm: () => void, inVainMs = 0): void {
    this.record({ type: 'fault', kind, ...(inVainMs > 0 && { until: round(this.time.now + inVainMs) }) })
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1)
    harm()
  }

  /** A client dials: the balancer picks a node, dead or alive. */
  dial(client: Process, events: LinkEvents, online: boolean): Wire {
    const link = `link${++this.links}`
    const node = this.balancer.pick(this.nodes)
    const quality = { latencyMs: this.balancer.between(1, 60), bytesPerMs: this.balancer.between(20, 2_000) }
    const wire = node.wire(link, client, quality, events)
    this.wires.push(wire)
    this.time.after(quality.latencyMs, () => {
      if (node.process.isDead || !online) wire.refuse()
      else node.process.run(() => node.accept(wire))
    })
    return wire
  }

  /** All channels that a client can subscribe to, as it calls them. */
  get all(): readonly string[] {
    return [...this.channels, ...OTHERS]
  }

  /** All channels that clients publish to. */
  get writable(): readonly string[] {
    return [...this.channels, GIVEN, ...Object.keys(OTHER_MODES)]
  }

  /** Some node publishes something for a user. Whether a node that dies meanwhile has done so, nobody knows. */
  publishToUser(user: string, id: string): void {
    const node = this.balancer.pick(this.nodes)
    if (node.process.isDead) return
    const event = { publisher: `server for ${id}`, channel: recorded(PERSONAL, user), id }
    this.record({ type: 'pub.invoke', ...event })
    let isSettled = false
    const settle = (happening: Happening): void => {
      if (!isSettled) this.record(happening)
      isSettled = true
    }
    const lost = (): void => settle({ type: 'pub.unknown', ...event, code: 'UNAVAILABLE' })
    node
      .publishToUser(user, { id, pad: '' })
      .then(({ epoch, offset }) => settle({ type: 'pub.ok', ...event, position: { epoch, offset } }), lost)
    this.time.after(SERVER_PATIENCE_MS, lost)
  }

  /** Wires that both ends believe in. */
  openWires(): Wire[] {
    return this.clients.map(({ link }) => link).filter((wire) => wire !== undefined)
  }

  /** Kills a node; another takes its place after a while. */
  killNode(node: ServerNode, downMs: number): void {
    node.kill(this.faultChance.happens(0.3))
    this.time.after(downMs, () => this.replace(node))
  }

  /** Stops a node as an operator would; another takes its place after a while. */
  restartNode(node: ServerNode, downMs: number): void {
    node.restart()
    this.time.after(downMs, () => this.replace(node))
  }

  /** Has a replica take over, with whatever it has copied. */
  failOver(checkpoint?: Checkpoint): void {
    this.failovers += 1
    if (checkpoint) this.giveUp()
    this.backend.failOver(checkpoint?.memory)
    if (checkpoint) this.oracle.restore(checkpoint.oracle)
  }

  /** What a replica has copied by now. */
  checkpoint(): Checkpoint {
    return { failovers: this.failovers, memory: this.backend.checkpoint(), oracle: this.oracle.checkpoint() }
  }

  /** The process that holds the logs dies, and with it all nodes that share it. */
  killBackend(): void {
    for (const node of this.nodes) if (!node.process.isDead) node.kill(false)
    this.failovers += 1
    this.giveUp()
    this.backend = this.newBackend()
    this.presence.close()
    this.presence = new PresenceTap(this.backend, this)
    this.oracle.forget()
    const dead = this.nodes
    this.time.after(300, () => dead.forEach((node) => this.replace(node)))
  }

  /** Writes down what the checker needs to know at the end. */
  async close(): Promise<void> {
    for (const wire of this.wires) {
      const limit = NODE_LIMITS.sendQueueHardBytes + CLOSING_BYTES
      if (wire.peakBytes > 0) this.record({ type: 'bound', name: 'send queue', value: wire.peakBytes, limit })
    }
    this.record({ type: 'end' })
    this.presence.close()
    const judge = this.backend.join(deaf)
    for (const channel of this.recordedChannels()) {
      const { head, publications } = await judge.broker.recover(channel, 'start', Number.MAX_SAFE_INTEGER)
      const entries = publications.map(({ offset, payload }) => ({
        offset,
        id: (JSON.parse(payload) as { id: string }).id,
      }))
      this.record({ type: 'log', channel, epoch: head.epoch, entries, head })
      this.record({ type: 'lineage', channel, epoch: head.epoch, ended: this.oracle.endedBefore(head.epoch) })
    }
    await judge.close()
  }

  /** Writes down how far the logs have come, before another history takes over. */
  private giveUp(): void {
    for (const [channel, head] of this.oracle.heads()) {
      this.record({ type: 'undone', channel, head, ended: this.oracle.endedBefore(head.epoch) })
    }
  }

  private recordedChannels(): readonly string[] {
    return [...this.writable, ...this.clients.map(({ name }) => recorded(PERSONAL, name))]
  }

  private replace(dead: ServerNode): void {
    const name = `${dead.name}'`
    this.nodes = this.nodes.map((node) => (node === dead ? new ServerNode(name, this, this.backend) : node))
  }

  private newBackend(): MemoryBackend {
    const store = new Process(this.time)
    return memory({ clock: store.serverClock(), random: this.chance(`backend${++this.backends}`) })
  }
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`)
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
