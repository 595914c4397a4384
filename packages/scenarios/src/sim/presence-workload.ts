import type { AppClient } from './app-client.js'
import type { Chance } from './chance.js'
import { FAULTS } from './faults.js'
import type { World } from './world.js'

/** Mean time between two things that one client does about presence. */
const EVERY_MS = 1_200
/** Time that a change has to be seen by everybody before an audit. */
export const SETTLE_MS = 2_500
/** Time until nodes have let go of a channel that nobody watches. */
const LET_GO_MS = 11_500
/** Time for which answers of the store are slow. */
const SLOW_MS = 1_000
/** Time from one audit to the next, and their number. */
const ROUND_MS = 17_000
const AUDITS = 3
/** Time that all of them take. */
export const AUDITING_MS = AUDITS * ROUND_MS

/**
 * Clients enter, change, leave and watch, all the time. The first one watches everything: who is gone from a channel that
 * nobody looks at is taken out when somebody does.
 */
export function bePresent(world: World): void {
  const chance = world.chance('presence')
  const { time, clients, channels, plan } = world
  for (const channel of channels) clients[0]?.attendee.watch(channel)
  for (const client of clients) {
    const next = () => {
      if (time.now > plan.activeMs) return
      if (chance.happens(0.3)) hesitate(world, client, chance.pick(channels), chance)
      else if (client === clients[0] || chance.happens(0.7)) act(client, chance.pick(channels), chance)
      else client.attendee.toggle(chance.pick(channels))
      time.after(chance.between(0, 2 * EVERY_MS), next)
    }
    time.after(chance.between(0, 500), next)
  }
}

/**
 * When all is well again: everybody stops watching, until the nodes have let go of the channels. Then all watch anew, and
 * enter and leave, while the answers of the store take longer than its news; a link may break. Then store and watchers are
 * looked at. Nothing comes after it that would show a change that was lost while the members were read.
 */
export function auditPresence(world: World, from: number): void {
  const chance = world.chance('presence audits')
  const { time, clients, channels } = world
  const soon = (ms: number, action: () => void) => time.after(chance.between(0, ms), action)
  for (let i = 0; i < AUDITS; i++) {
    const begin = from + i * ROUND_MS
    time.after(begin, () => {
      for (const { attendee } of clients) for (const channel of attendee.watching) attendee.toggle(channel)
    })
    time.after(begin + LET_GO_MS, () => {
      for (const { weather } of world.nodes) {
        weather.extraMs = 400
        time.after(SLOW_MS, () => (weather.extraMs = 0))
      }
      for (const client of clients) {
        for (const channel of channels) soon(300, () => client.attendee.toggle(channel))
        for (let n = chance.index(3); n > 0; n--) soon(2_000, () => act(client, chance.pick(channels), chance))
      }
      if (chance.happens(0.3)) soon(300, () => FAULTS['link.reset']?.(world, 'link.reset'))
    })
    time.after(begin + ROUND_MS - 100, () => void world.presence.list('presence.audit'))
  }
}

/**
 * Leaves, more than once, and is back soon, or as soon as it has left: leaves that fail meet those after them, and the next
 * enter.
 */
function hesitate({ time }: World, client: AppClient, channel: string, chance: Chance): void {
  // Whoever it is by then: the client can crash meanwhile.
  const leave = (): Promise<void> => client.attendee.leave(channel)
  const enter = (): void => client.attendee.enter(channel)
  void leave()
  let ms = 0
  for (let n = chance.index(3); n > 0; n--) time.after((ms += chance.between(0, 1_200)), () => void leave())
  if (chance.happens(0.5)) time.after(ms + chance.between(0, 1_200), enter)
  else time.after(ms, () => void leave().then(() => time.after(chance.between(0, 400), enter)))
}

/** Enters, changes or leaves. */
function act({ attendee }: AppClient, channel: string, chance: Chance): void {
  if (chance.happens(0.7)) attendee.enter(channel)
  else void attendee.leave(channel)
}
