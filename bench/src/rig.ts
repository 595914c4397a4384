import type { ContenderName } from './contenders/index.js'
import type { Asking } from './generator/askers.js'
import type { Latencies } from './generator/delays.js'
import type { Schedule } from './generator/latencies.js'
import type { Arrived } from './generator/swarm.js'
import type { Crowd } from './generator/wishes.js'
import { Remote } from './processes/remote.js'
import type { Memory, Used } from './processes/server.js'
import type { Broadcast, Flood, Pace } from './publisher.js'

const LIMIT_MS = 60_000

/** A server of one contender and its load generator, each a process of its own. */
export class Rig {
  private generator: Remote | undefined
  private killed = false

  private constructor(
    private readonly folder: string,
    readonly name: ContenderName,
    private readonly server: Remote,
    private readonly port: number,
  ) {}

  /**
   * Starts a server; a generator follows when there is something to do for it.
   *
   * @param folder Where the programs are.
   * @param redisUrl The Redis that the server shares with others, if there is one.
   */
  static async start(folder: string, name: ContenderName, redisUrl = ''): Promise<Rig> {
    const server = Remote.start(`server of ${name}`, `${folder}/server.js`, [name, redisUrl], ['--expose-gc'])
    try {
      return new Rig(folder, name, server, await server.ask<number>('listen'))
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  /** Starts a rig, measures, and ends it, whatever happens. @param folder Where the programs are. */
  static async use<T>(folder: string, name: ContenderName, measure: (rig: Rig) => Promise<T>): Promise<T> {
    const rig = await Rig.start(folder, name)
    try {
      return await measure(rig)
    } finally {
      await rig.stop()
    }
  }

  /** Ends both processes. */
  async stop(): Promise<void> {
    await Promise.all([this.server.stop(), this.generator?.stop()])
  }

  /** Whether its server was killed. */
  get isDead(): boolean {
    return this.killed
  }

  /** Kills the server, as a crash does; resolves when all links of its generator have lost it. */
  async kill(): Promise<void> {
    const lost = this.crowd.ask('lose')
    this.killed = true
    await Promise.all([this.server.stop(), lost])
  }

  /** Opens links, and resolves when all of them are ready. */
  open(crowd: Crowd): Promise<void> {
    return this.crowd.ask('open', crowd)
  }

  /** The same for links that remember how to come back. */
  openToReturn(crowd: Crowd): Promise<void> {
    return this.crowd.ask('openToReturn', crowd)
  }

  /** Has the links from a number on leave for good; resolves when the server has seen it. @param stay How many stay. */
  async leave(stay: number): Promise<void> {
    await this.crowd.ask('leave', stay)
    const until = performance.now() + LIMIT_MS
    while ((await this.server.ask<number>('sockets')) > stay) {
      if (performance.now() > until) throw new Error('links that left are still open on the server')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** Opens links and breaks all of them off; resolves when the server has seen it. */
  async openAndCut(crowd: Crowd): Promise<void> {
    await this.crowd.ask('openAndCut', crowd)
    await this.leave(0)
  }

  /**
   * Has the links that were broken off come back, as what they were; resolves when all are ready.
   *
   * @param to Whose server they come to. Default: the one they had.
   */
  comeBack(to: Rig = this): Promise<void> {
    return this.crowd.ask('comeBack', to.port)
  }

  /** Has the server publish; resolves when it is done, which is before all has arrived. */
  broadcast(order: Broadcast): Promise<void> {
    return this.server.ask('broadcast', order)
  }

  /** Has the server publish at a rate. @returns By how much it was late at most, in milliseconds. */
  pace(order: Pace): Promise<number> {
    return this.server.ask('pace', order)
  }

  /** Has the server publish as fast as it is acknowledged. @returns How many messages that were. */
  flood(order: Flood): Promise<number> {
    return this.server.ask('flood', order)
  }

  /** Resolves when exactly so many deliveries have arrived since the window began. */
  delivered(deliveries: number): Promise<Arrived> {
    return this.crowd.ask('expect', { deliveries, withinMs: LIMIT_MS })
  }

  /** Has links ask and wait. @returns How many requests were made and answered. */
  ask(asking: Asking): Promise<number> {
    return this.crowd.ask('ask', asking)
  }

  /** Has links publish on schedule. */
  latencies(schedule: Schedule): Promise<Latencies> {
    return this.crowd.ask('latencies', schedule)
  }

  /** From now on the delay of deliveries is measured. @param every Of each so many of them. */
  time(every: number): Promise<void> {
    return this.crowd.ask('time', every)
  }

  /** What was measured of it since the window began. */
  delays(): Promise<Latencies> {
    return this.crowd.ask('delays')
  }

  /** By how much the generator was late, in milliseconds: 99 of 100 turns were less. */
  lag(): Promise<number> {
    return this.crowd.ask('lag')
  }

  /** Memory of the server after a collection. */
  memory(): Promise<Memory> {
    return this.server.ask('memory')
  }

  /** Begins a window. */
  async begin(): Promise<void> {
    await this.generator?.ask('begin')
    await this.server.ask('begin')
  }

  /** What the server used since the window began. */
  used(): Promise<Used> {
    return this.server.ask('used')
  }

  /** What the server uses while something is done. */
  async during<T>(work: () => Promise<T>): Promise<Used & { readonly result: T }> {
    await this.begin()
    const result = await work()
    return { ...(await this.used()), result }
  }

  private get crowd(): Remote {
    const { folder, name, port } = this
    return (this.generator ??= Remote.start(`generator for ${name}`, `${folder}/generator.js`, [name, String(port)]))
  }
}
