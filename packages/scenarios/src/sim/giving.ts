import { GIVEN } from './kinds.js'
import type { World } from './world.js'

/** Mean time between two gifts to one user: who has lost its session gets it again. */
const EVERY_MS = 1_500

/** Servers subscribe users to a channel, again and again, and take that back now and then. */
export function giveAll(world: World): void {
  const chance = world.chance('giving')
  const { time, clients, plan } = world
  for (const { name } of clients) {
    const give = (): void => {
      if (time.now > plan.activeMs) return
      const takes = plan.takesBack && chance.happens(0.3)
      chance.pick(world.nodes).give(name, GIVEN, takes ? 'unsubscribe' : 'subscribe')
      time.after(chance.between(0, 2 * EVERY_MS), give)
    }
    time.after(chance.between(0, EVERY_MS), give)
  }
}
