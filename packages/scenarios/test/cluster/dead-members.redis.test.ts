import { setTimeout as sleep } from 'node:timers/promises'
import type { RealtimeClient } from '@org/realtime-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Program } from '../../src/chaos/bundle.js'
import { operatedProgram, visitor } from './operated.js'
import { servers, serverOf, soon } from './stage.js'

/** Shorter than by default, so that a test can wait for its end. */
const LEASE_MS = 3_000

let program: Program

beforeAll(async () => {
  program = await operatedProgram()
})

afterAll(() => program?.remove())

/** Who comes and goes in the hall from now on, as one client is told. */
async function changesSeenBy(client: RealtimeClient): Promise<string[]> {
  const changes: string[] = []
  const hall = client.channel('room:hall')
  for (const kind of ['join', 'leave'] as const) {
    hall.on(kind, ({ user, data }) => changes.push(`${kind} ${user} ${String(data)}`))
  }
  await hall.presence.get()
  return changes
}

/** Three servers, with a watcher on the second and the third, and members on the first one, at its own address. */
async function hall(names: readonly string[]) {
  const { fleet } = await servers(program.file, 3, { leaseMs: LEASE_MS })
  const [first, second, third] = [serverOf(fleet, 0), serverOf(fleet, 1), serverOf(fleet, 2)]
  const watchers = [await visitor(second.url, 'watcher'), await visitor(third.url, 'watcher')]
  const seen = await Promise.all(watchers.map(changesSeenBy))
  for (const name of names) await (await visitor(first.url, name)).channel('room:hall').presence.enter(`${name}'s data`)
  for (const changes of seen) await soon(() => expect(changes).toHaveLength(names.length))
  return { fleet, ...first.berth, first, second, third, watchers, seen }
}

const left = (name: string) => `leave ${name} ${name}'s data`
const joined = (name: string) => `join ${name} ${name}'s data`

test('the members of a server that got SIGKILL and never returns leave once its lease is over, each once for everybody; who went to another server stays', async () => {
  const { fleet, first, second, watchers, seen } = await hall(['ada', 'ben'])
  // Through the one address: turns go round, so that the first of three is the one that is going to die.
  const mobile = await Promise.all([0, 1, 2].map((i) => visitor(fleet.url, `mobile${i}`)))
  const nodes = new Map<RealtimeClient, string>()
  for (const client of mobile)
    client.on('connected', ({ hello }) => nodes.set(client, (hello as { node: string }).node))
  for (const client of mobile) await client.channel('room:hall').presence.enter(`${client.user}'s data`)
  for (const changes of seen) await soon(() => expect(changes).toHaveLength(5))
  for (const changes of seen) changes.length = 0

  first.berth.inService = false
  await first.berth.process.kill()
  const killedAt = performance.now()
  for (const changes of seen) await soon(() => expect([...changes].sort()).toEqual([left('ada'), left('ben')]))
  // Not as soon as their links are gone; and long before their own time is over, a minute later.
  expect(performance.now() - killedAt).toBeGreaterThan(LEASE_MS / 2)
  // The one that was on it is back under the same session, on another one.
  expect([...nodes.values()]).toHaveLength(1)
  expect([...nodes.values()]).not.toContain(first.berth.name)

  // Others look, too, and find nobody dead any more.
  const late = await visitor(second.url, 'late')
  for (const client of [...watchers, late]) {
    const { members } = await client.channel('room:hall').presence.get()
    expect(members?.map(({ user }) => user).sort()).toEqual(['mobile0', 'mobile1', 'mobile2'])
  }
  await sleep(LEASE_MS * 1.5)
  for (const changes of seen) expect(changes).toHaveLength(2)
})

test('the members of a server that stands still for longer than its lease leave, and join again when it goes on', async () => {
  const { first, seen } = await hall(['ada'])
  first.berth.process.stop()
  for (const changes of seen) await soon(() => expect(changes).toEqual([joined('ada'), left('ada')]))
  first.berth.process.continue()
  const continuedAt = performance.now()
  for (const changes of seen) await soon(() => expect(changes).toEqual([joined('ada'), left('ada'), joined('ada')]))
  // Long before its next round, a quarter of a minute later: it knows that it was late.
  expect(performance.now() - continuedAt).toBeLessThan(2 * LEASE_MS)
})
