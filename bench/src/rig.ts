import type { ContenderName } from './contenders/index.js'
import type { Asking } from './generator/askers.js'
import type { Latencies, Schedule } from './generator/latencies.js'
import type { Arrived } from './generator/swarm.js'
import type { Crowd } from './generator/wishes.js'
import { Remote } from './processes/remote.js'
import type { Used } from './processes/server.js'
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

  /** Breaks all links off. */
  cut(): Promise<void> {
    return this.generator.ask('cut')
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

  /** Memory of the server after a collection, in bytes. */
  residentBytes(): Promise<number> {
    return this.server.ask('residentBytes')
  }

  /** What the server uses while something is done. */
  async during<T>(work: () => Promise<T>): Promise<Used & { readonly result: T }> {
    await this.generator.ask('begin')
    await this.server.ask('begin')
    const result = await work()
    return { ...(await this.server.ask<Used>('end')), result }
  }
}
