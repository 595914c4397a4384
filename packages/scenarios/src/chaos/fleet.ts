import type { Chance } from '../sim/chance.js'
import { FaultProxy } from '../fault-proxy/index.js'
import { NodeProcess, type Told } from './node-process.js'
import type { Answers, Asked, NodeBackend, NodeSettings } from './protocol.js'

/** The place of a server: processes come and go in it. */
export interface Berth {
  readonly name: string
  readonly backend: NodeBackend
  process: NodeProcess
  /** Whether new connections are sent there. */
  inService: boolean
}

/** The servers behind one address, which takes them in turn. Nothing keeps a client with a server. */
export class Fleet {
  private turn = 0

  private constructor(
    private readonly program: string,
    readonly berths: readonly Berth[],
    /** The address of all of them. */
    readonly edge: FaultProxy,
    private readonly told: Told,
    private readonly settings: Omit<NodeSettings, 'name' | 'backend'>,
  ) {}

  static async start(
    program: string,
    backends: readonly NodeBackend[],
    told: Told,
    settings: Omit<NodeSettings, 'name' | 'backend'> = {},
  ): Promise<Fleet> {
    const berths = await Promise.all(
      backends.map(async (backend, i): Promise<Berth> => {
        const name = `node${i + 1}`
        const process = await NodeProcess.start(program, { name, backend, ...settings }, told)
        return { name, backend, process, inService: true }
      }),
    )
    const edge = await FaultProxy.listen(() => fleet.next())
    const fleet = new Fleet(program, berths, edge, told, settings)
    return fleet
  }

  get url(): string {
    return `ws://127.0.0.1:${this.edge.port}/realtime`
  }

  /** One of those that run. */
  pick(chance: Chance): Berth {
    return chance.pick(this.berths)
  }

  /** SIGKILL; after a while another process takes the place. @returns whether the first one ran until then. */
  async kill(berth: Berth, downMs: number): Promise<boolean> {
    const wasKilled = await berth.process.kill()
    // A balancer finds out by failing, and sends nobody there until it is back.
    berth.inService = false
    await new Promise((resolve) => setTimeout(resolve, downMs))
    await this.start(berth)
    return wasKilled
  }

  /**
   * Takes a server out of the balancer, ends it in order, and starts another one in its place.
   *
   * @returns whether it ended by itself.
   */
  async restart(berth: Berth): Promise<boolean> {
    berth.inService = false
    const hasEnded = await berth.process.end()
    await this.start(berth)
    return hasEnded
  }

  /** Asks some server. */
  async ask<K extends keyof Answers>(kind: K, of: Asked[K]): Promise<Answers[K]> {
    const berth = this.berths.find(({ inService, process }) => inService && process.isRunning)
    if (!berth) throw new Error('no server runs')
    return berth.process.ask(kind, of)
  }

  /** A metric of all servers that run, added up. */
  async total(name: string): Promise<number> {
    const running = this.berths.filter(({ process }) => process.isRunning)
    const values = await Promise.all(running.map(({ process }) => process.ask('number', name)))
    return values.reduce((sum, value) => sum + value, 0)
  }

  async close(): Promise<void> {
    await this.edge.close()
    await Promise.all(this.berths.map(({ process }) => process.kill()))
  }

  private async start(berth: Berth): Promise<void> {
    const { name, backend } = berth
    berth.process = await NodeProcess.start(this.program, { name, backend, ...this.settings }, this.told)
    berth.inService = true
  }

  private next(): number | undefined {
    const inService = this.berths.filter((berth) => berth.inService)
    return inService[this.turn++ % inService.length]?.process.port
  }
}
