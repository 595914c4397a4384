import type { Chance } from './chance.js'
import type { Process } from './process.js'
import type { World } from './world.js'

/** Mean time between two calls of one client, and between two calls of servers to clients. */
const CLIENT_EVERY_MS = 500
const SERVER_EVERY_MS = 150

/** The method that both sides serve: it takes its time, and answers with the id of the call or says no with it. */
export function method(world: World, process: Process, chance: Chance, no: (id: string) => Error) {
  return (input: unknown): Promise<string> =>
    new Promise((resolve, reject) => {
      const { id } = input as { readonly id: string }
      world.record({ type: 'call.ran', id })
      const refuses = chance.happens(0.1)
      process.after(chance.pick([0, 0, 0, 40, 40, 400, 2_500, 8_000]), () => {
        if (refuses) reject(no(id))
        else resolve(id)
      })
    })
}

/** Clients call servers, and servers call the users of clients, all the time. */
export function callEachOther(world: World): void {
  const chance = world.chance('calls')
  const { time, clients, plan } = world
  const often = (everyMs: number, act: () => void): void => {
    const step = (): void => {
      if (time.now > plan.activeMs) return
      act()
      time.after(chance.between(0, 2 * everyMs), step)
    }
    time.after(chance.between(0, everyMs), step)
  }
  for (const client of clients) {
    often(CLIENT_EVERY_MS, () =>
      client.call({
        idempotent: chance.happens(0.3),
        timeoutMs: chance.pick([300, 1_500, 20_000]),
        abortsAfterMs: chance.happens(0.1) ? chance.between(0, 600) : undefined,
      }),
    )
  }
  often(SERVER_EVERY_MS, () => {
    const options = {
      timeoutMs: chance.pick([300, 1_500, 20_000]),
      abortsAfterMs: chance.happens(0.2) ? chance.between(0, 600) : undefined,
    }
    chance.pick(world.nodes).call(chance.pick(clients).name, options)
  })
}
