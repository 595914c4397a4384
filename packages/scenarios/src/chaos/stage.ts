import { ChaosClient } from './chaos-client.js'
import { Fleet } from './fleet.js'
import type { Complaint } from './node-process.js'
import type { NodeBackend } from './protocol.js'
import { RedisPair } from './redis-pair.js'

/** How large a run is. */
export interface Size {
  readonly backend: 'memory' | 'redis'
  readonly nodes: number
  readonly clients: number
}

/** Everything that takes part in a run. */
export class Stage {
  private constructor(
    readonly fleet: Fleet,
    readonly clients: readonly ChaosClient[],
    private readonly pair: RedisPair | undefined,
  ) {}

  static async start(program: string, { backend, nodes, clients }: Size, complain: Complaint): Promise<Stage> {
    const pair = backend === 'redis' ? await RedisPair.start(nodes) : undefined
    const places = pair?.ways.map((way): NodeBackend => ({ kind: 'redis', url: `redis://127.0.0.1:${way.port}` }))
    const fleet = await Fleet.start(program, places ?? [{ kind: 'memory' }], complain)
    const names = Array.from({ length: clients }, (_, i) => `client${i + 1}`)
    return new Stage(
      fleet,
      names.map((name) => new ChaosClient(name, fleet.url)),
      pair,
    )
  }

  /** Redis; faults of Redis are drawn only where there is one. */
  get redis(): RedisPair {
    if (!this.pair) throw new Error('this run has no Redis')
    return this.pair
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()))
    await this.fleet.close()
    await this.pair?.close()
  }
}
