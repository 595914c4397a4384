import type { ContenderName } from './contenders/index.js'
import type { Asking } from './generator/askers.js'
import type { Latencies, Schedule } from './generator/latencies.js'
import type { Arrived } from './generator/swarm.js'
import type { Crowd } from './generator/wishes.js'
import { Remote } from './processes/remote.js'
import type { Memory, Used } from './processes/server.js'
import type { Broadcast, Pace } from './publisher.js'

const LIMIT_MS = 60_000

/** A server of one contender and a load generator, each a process of its own. */
export class Rig {
  private constructor(
    readonly name: ContenderName,
    private readonly server: Remote,
    private readonly generator: Remote,
  ) {}

  /** Starts both, measures, and ends both, whatever happens. @param folder Where the programs are. */
  static async use<T>(folder: string, name: ContenderName, measure: (rig: Rig) => Promise<T>): Promise<T> {
    const server = Remote.start(`server of ${name}`, `${folder}/server.js`, [name], ['--expose-gc'])
    let generator: Remote | undefined
    try {
      const port = await server.ask<number>('listen')
      generator = Remote.start(`generator for ${name}`, `${folder}/generator.js`, [name, String(port)])
      return await measure(new Rig(name, server, generator))
    } finally {
      await Promise.all([server.stop(), generator?.stop()])
    }
  }

  /** Opens links, and resolves when all of them are ready. */
  open(crowd: Crowd): Promise<void> {
    return this.generator.ask('open', crowd)
  }

  /** Has the links from a number on leave for good; resolves when the server has seen it. @param stay How many stay. */
  async leave(stay: number): Promise<void> {
    await this.generator.ask('leave', stay)
    const until = performance.now() + LIMIT_MS
    while ((await this.server.ask<number>('sockets')) > stay) {
      if (performance.now() > until) throw new Error('links that left are still open on the server')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** Opens links and breaks all of them off; resolves when the server has seen it. */
  async openAndCut(crowd: Crowd): Promise<void> {
    await this.generator.ask('openAndCut', crowd)
    await this.leave(0)
  }

  /** Has the links that were broken off come back, as what they were; resolves when all are ready. */
  comeBack(): Promise<void> {
    return this.generator.ask('comeBack')
  }

  /** Has the server publish; resolves when it is done, which is before all has arrived. */
  broadcast(order: Broadcast): Promise<void> {
    return this.server.ask('broadcast', order)
  }

  /** Has the server publish at a rate. @returns By how much it was late at most, in milliseconds. */
  pace(order: Pace): Promise<number> {
    return this.server.ask('pace', order)
  }

  /** Resolves when exactly so many deliveries have arrived since the window began. */
  delivered(deliveries: number): Promise<Arrived> {
    return this.generator.ask('expect', { deliveries, withinMs: LIMIT_MS })
  }

  /** Has links ask and wait. @returns How many requests were made and answered. */
  ask(asking: Asking): Promise<number> {
    return this.generator.ask('ask', asking)
  }

  /** Has links publish on schedule. */
  latencies(schedule: Schedule): Promise<Latencies> {
    return this.generator.ask('latencies', schedule)
  }

  /** By how much the generator was late, in milliseconds: 99 of 100 turns were less. */
  lag(): Promise<number> {
    return this.generator.ask('lag')
  }

  /** Memory of the server after a collection. */
  memory(): Promise<Memory> {
    return this.server.ask('memory')
  }

  /** What the server uses while something is done. */
  async during<T>(work: () => Promise<T>): Promise<Used & { readonly result: T }> {
    await this.generator.ask('begin')
    await this.server.ask('begin')
    const result = await work()
    return { ...(await this.server.ask<Used>('end')), result }
  }
}
