import type { AppClient } from './app-client.js'
import type { Chance } from './chance.js'
import { FAULTS } from './faults.js'
import type { World } from './world.js'

/** Mean time between two things that one client does about presence. */
const EVERY_MS = 1_200
/** Time that a change has to be seen by everybody before an audit. */
export const SETTLE_MS = 2_500
/** Time between two audits. */
const STEP_MS = 4_000
const AUDITS = 5

/** Clients enter, change, leave and watch, all the time; the first one watches everything. */
export function bePresent(world: World): void {
  const chance = world.chance('presence')
  const { time, clients, channels, plan } = world
  for (const channel of channels) clients[0]?.attendee.watch(channel)
  for (const client of clients) {
    const act = () => {
      if (time.now > plan.activeMs) return
      one(client, chance.pick(channels), chance)
      time.after(chance.between(0, 2 * EVERY_MS), act)
    }
    time.after(chance.between(0, 500), act)
  }
}

/** When all is well again: several do something at once, a link may break, and then store and watchers are looked at. */
export function auditPresence(world: World, from: number): void {
  const chance = world.chance('presence audits')
  const { time, clients, channels } = world
  for (let i = 0; i < AUDITS; i++) {
    time.after(from + i * STEP_MS, () => {
      for (const client of clients) {
        const acts = chance.index(3)
        for (let n = 0; n < acts; n++)
          time.after(chance.between(0, 300), () => one(client, chance.pick(channels), chance))
      }
      if (chance.happens(0.3)) time.after(chance.between(0, 300), () => FAULTS['link.reset']?.(world, 'link.reset'))
    })
    time.after(from + (i + 1) * STEP_MS - 100, () => void world.presence.list('presence.audit'))
  }
}

function one({ attendee }: AppClient, channel: string, chance: Chance): void {
  const dice = chance.fraction()
  if (dice < 0.5) attendee.enter(channel)
  else if (dice < 0.7) attendee.leave(channel)
  else attendee.toggle(channel)
}
