import type { ContenderName } from './contenders/index.js'
import type { Used } from './processes/server.js'
import { MeasuredRedis, type RedisUsed } from './redis.js'
import { Rig } from './rig.js'

/** What all processes of a cluster used while something was done. */
export interface ClusterUsed<T> {
  readonly redis: RedisUsed
  /** In the order of the nodes; nothing for one that is gone. */
  readonly nodes: ReadonlyArray<Used | undefined>
  /** Time that passed, in milliseconds. */
  readonly wallMs: number
  readonly result: T
}

/** Several servers of one contender that share a Redis, each with a load generator; all are processes of their own. */
export class Cluster {
  private constructor(
    private readonly redis: MeasuredRedis,
    readonly nodes: readonly Rig[],
  ) {}

  /** Starts all, measures, and ends all, whatever happens. @param folder Where the programs are. */
  static async use<T>(
    folder: string,
    name: ContenderName,
    nodes: number,
    measure: (cluster: Cluster) => Promise<T>,
  ): Promise<T> {
    const redis = await MeasuredRedis.start()
    const rigs: Rig[] = []
    try {
      for (let i = 0; i < nodes; i++) rigs.push(await Rig.start(folder, name, redis.url))
      return await measure(new Cluster(redis, rigs))
    } finally {
      await Promise.all(rigs.map((rig) => rig.stop()))
      await redis.stop()
    }
  }

  /** A node by its number. */
  node(number: number): Rig {
    const node = this.nodes[number]
    if (!node) throw new RangeError(`there are ${this.nodes.length} nodes`)
    return node
  }

  /** What everybody uses while something is done. */
  async during<T>(work: () => Promise<T>): Promise<ClusterUsed<T>> {
    for (const node of this.nodes) await node.begin()
    await this.redis.begin()
    const begun = performance.now()
    const result = await work()
    const wallMs = performance.now() - begun
    const redis = await this.redis.used()
    const nodes = await Promise.all(this.nodes.map(async (node) => (node.isDead ? undefined : node.used())))
    return { redis, nodes, wallMs, result }
  }
}
