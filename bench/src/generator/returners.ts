import type { Past, Wish } from './dialects/dialect.js'
import type { Swarm } from './swarm.js'

/** Links of our protocol that remember what they need to come back. Each has one channel. */
export class Returners {
  private constructor(
    private readonly swarm: Swarm,
    private readonly returning: readonly Wish[],
  ) {}

  /** Opens the links, and parses what they are told, which no measurement is to see. */
  static async open(swarm: Swarm, wishes: readonly Wish[]): Promise<Returners> {
    const sessions = new Map<number, unknown>()
    const positions = new Map<number, unknown>()
    swarm.listener = {
      ready({ index }, bytes, start, end) {
        const told = JSON.parse(bytes.toString('utf8', start, end)) as { session?: unknown; position?: unknown }
        if (told.session !== undefined) sessions.set(index, told.session)
        else positions.set(index, told.position)
      },
    }
    await swarm.open(wishes)
    swarm.listener = {}
    const returning = wishes.map((wish): Wish => {
      const past: Past = { session: sessions.get(wish.index), since: positions.get(wish.index) }
      if (!past.session || !past.since) throw new Error(`link ${wish.index} was told neither session nor position`)
      return { ...wish, past }
    })
    return new Returners(swarm, returning)
  }

  /** Opens all of them again, from where they were. @param port Of another server, if there is one. */
  comeBack(port?: number): Promise<void> {
    if (port !== undefined) this.swarm.port = port
    return this.swarm.open(this.returning)
  }
}
