import { ChaosClient } from './chaos-client.js'
import { Fleet } from './fleet.js'
import type { NodeBackend } from './protocol.js'
import { RedisPair } from './redis-pair.js'
import { Runs } from './runs.js'

/** How large a run is. */
export interface Size {
  readonly backend: 'memory' | 'redis'
  readonly nodes: number
  readonly clients: number
  /** Whether servers and clients have the limits of an application that sets none, and not those that suit short rounds. */
  readonly usesDefaults: boolean
}

/** Everything that takes part in a run. */
export class Stage {
  private constructor(
    readonly fleet: Fleet,
    readonly clients: readonly ChaosClient[],
    /** What the servers ran. */
    readonly runs: Runs,
    private readonly pair: RedisPair | undefined,
  ) {}

  static async start(
    program: string,
    { backend, nodes, clients, usesDefaults }: Size,
    complain: (text: string) => void,
  ): Promise<Stage> {
    const runs = new Runs()
    const pair = backend === 'redis' ? await RedisPair.start(nodes) : undefined
    const places = pair?.ways.map((way): NodeBackend => ({ kind: 'redis', url: `redis://127.0.0.1:${way.port}` }))
    const fleet = await Fleet.start(
      program,
      places ?? [{ kind: 'memory' }],
      { complain, ran: (call) => runs.add(call) },
      { usesDefaults },
    )
    const names = Array.from({ length: clients }, (_, i) => `client${i + 1}`)
    return new Stage(
      fleet,
      names.map((name) => new ChaosClient(name, fleet.url, { usesDefaults })),
      runs,
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
