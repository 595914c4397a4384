import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Program } from '../../src/chaos/bundle.js'
import { FaultProxy } from '../../src/fault-proxy/index.js'
import { chatProgram, Guest, serverOf, soon, twoServers } from './stage.js'

/** Shorter than by default, so that a test can wait for its end. */
const LEASE_MS = 3_000

let program: Program

beforeAll(async () => {
  program = await chatProgram()
})

afterAll(() => program?.remove())

test('[A1] two processes behind one address take connections in turn, and clients of both see what the other one says', async () => {
  const { url } = await twoServers(program.file)
  const [ada, grace] = [await Guest.at(url), await Guest.at(url)]
  expect([ada.node, grace.node].sort()).toEqual(['node1', 'node2'])
  await Promise.all([ada.name('Ada'), grace.name('Grace')])
  await ada.say('hello over there')
  await soon(() => expect(grace.heard).toEqual(['Ada: hello over there']))
  await grace.say('hello back')
  await soon(() => expect(ada.heard).toEqual(['Ada: hello over there', 'Grace: hello back']))
})

test('[A3] the state of a session is read on the other server: made on connect, with its username, gone after a goodbye', async () => {
  const fleet = await twoServers(program.file)
  const [here, there] = [await Guest.at(serverOf(fleet, 0).url), await Guest.at(serverOf(fleet, 1).url)]
  const { session } = here
  const read = () => there.client.call('read_session', session)
  expect(await read()).toEqual({ attributes: {} })
  await here.name('Ada')
  expect(await read()).toEqual({ attributes: { username: 'Ada' } })
  await here.client.close()
  await soon(async () => expect(await read()).toBeNull())
  // A server that dies says goodbye for nobody.
  const [berth] = fleet.berths
  if (!berth) throw new Error('there is no server')
  const waiting = await Guest.at(serverOf(fleet, 0).url)
  const { session: kept } = waiting
  await waiting.name('Grace')
  await berth.process.kill()
  expect(await there.client.call('read_session', kept)).toEqual({ attributes: { username: 'Grace' } })
})

test('[A4] on two servers, the confirmation of a name goes to nobody but who asked for it', async () => {
  const { url } = await twoServers(program.file)
  const guests = [await Guest.at(url), await Guest.at(url), await Guest.at(url)]
  const [ada] = guests
  expect(await ada?.name('Ada')).toBe('You are Ada now.')
  // What everybody gets comes after the confirmation would have.
  await ada?.say('hello')
  for (const { heard } of guests) await soon(() => expect(heard).toEqual(['Ada: hello']))
})

test('[A6] a message with a name reaches two clients on each of two servers, its sender too; without one it is refused', async () => {
  const fleet = await twoServers(program.file)
  const guests = await Promise.all([0, 0, 1, 1].map((i) => Guest.at(serverOf(fleet, i).url)))
  expect(guests.map(({ node }) => node)).toEqual(['node1', 'node1', 'node2', 'node2'])
  const [ada, nameless, grace] = guests
  expect(await nameless?.refusal('psst')).toBe('Choose a name first.')
  await ada?.name('Ada')
  await grace?.name('Grace')
  await ada?.say('one')
  await grace?.say('two')
  for (const { heard } of guests) await soon(() => expect(heard).toEqual(['Ada: one', 'Grace: two']))
})

test('[A7] on two servers, everybody is told who leaves: who closes the tab at once, who is cut off after the grace, who has no name never', async () => {
  const fleet = await twoServers(program.file)
  const watcher = await Guest.at(serverOf(fleet, 1).url)
  const gone: string[] = []
  watcher.room.on('leave', ({ data }) => gone.push(String(data)))
  const proxy = await FaultProxy.listen(fleet.berths[0]?.process.port ?? 0)
  onTestFinished(() => proxy.close())
  const [closing, cut, nameless] = [
    await Guest.at(serverOf(fleet, 0).url),
    await Guest.at(`ws://127.0.0.1:${proxy.port}/realtime`),
    await Guest.at(serverOf(fleet, 0).url),
  ]
  await closing.name('Ada')
  await closing.room.presence.enter('Ada')
  await cut.name('Grace')
  await cut.room.presence.enter('Grace')
  await expect(nameless.room.presence.enter('nobody')).rejects.toMatchObject({ code: 'FORBIDDEN' })
  await soon(async () => expect((await watcher.room.presence.get()).count).toBe(2))

  await nameless.client.close()
  await closing.client.close()
  await soon(() => expect(gone).toEqual(['Ada']))
  await proxy.refuse()
  proxy.reset()
  const cutAt = performance.now()
  await soon(() => expect(gone).toEqual(['Ada', 'Grace']))
  expect(performance.now() - cutAt).toBeGreaterThan(1_400)
})

test('[A12] a server that gets SIGKILL takes no name, no room and no message with it: each comes once, in order, and no gap and no leave is told', async () => {
  const fleet = await twoServers(program.file, { leaseMs: LEASE_MS })
  const names = ['Ada', 'Grace', 'Edsger', 'Barbara']
  const guests: Guest[] = []
  for (const name of names) {
    const guest = await Guest.at(fleet.url)
    await guest.name(name)
    await guest.room.presence.enter(name)
    guests.push(guest)
  }
  const [berth] = fleet.berths
  if (!berth) throw new Error('there is no server')
  const doomed = guests.filter(({ node }) => node === berth.name)
  expect(doomed).toHaveLength(2)
  // Knows the address of that process only, and never comes back: its leave shows when the server was taken for dead.
  const ghost = await Guest.at(serverOf(fleet, 0).url)
  await ghost.name('Ghost')
  await ghost.room.presence.enter('Ghost')
  for (const { notices } of guests) {
    await soon(() => expect(notices.at(-1)).toBe('join Ghost'))
    notices.length = 0
  }

  const last = 80
  const saying = guests.map(async (guest) => {
    const publishes: Array<Promise<unknown>> = []
    for (let i = 1; i <= last; i++) {
      publishes.push(guest.say(String(i)))
      await sleep(15)
    }
    await Promise.all(publishes)
  })
  await sleep(400)
  const replaced = fleet.kill(berth, 200)
  await Promise.all(saying)
  await replaced

  const [first] = guests
  for (const { heard, gaps } of guests) {
    await soon(() => expect(heard).toHaveLength(names.length * last))
    expect(heard).toEqual(first?.heard)
    expect(gaps).toEqual([])
  }
  // Under the same names as before, though nobody chose one again.
  for (const name of names) {
    const own = first?.heard.filter((text) => text.startsWith(`${name}: `))
    expect(own).toEqual(Array.from({ length: last }, (_, i) => `${name}: ${i + 1}`))
  }
  for (const { notices } of guests) await soon(() => expect(notices).toContain('leave Ghost'))
  for (const { notices } of guests) expect(notices).toEqual(['leave Ghost'])
  for (const { links } of doomed) expect(links.at(-1)).toMatchObject({ resumed: true })
  for (const { links } of guests.filter((guest) => !doomed.includes(guest))) expect(links).toHaveLength(1)
})
