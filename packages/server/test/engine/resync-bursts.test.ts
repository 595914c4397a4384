// What a node does by itself when a backend comes back, for everything it holds: no burst that the backend refuses.
import { expect, test } from 'vitest'
import type { RealtimeServer } from '../../src/index.js'
import type { MemoryLink } from '../support/memory-link.js'
import { narrow } from '../support/narrow.js'
import { ask, room, told } from '../support/presence-room.js'

/** What the line to Redis takes, by default. */
const MOST = 2_000
/** What a node does by itself takes no more of it. */
const OWN = 200

const LINKS = 25
const EACH = 120
const ALL = LINKS * EACH
const LIMITS = { messagesPerSecond: 1_000_000, messageBurst: 1_000_000, connectionsPerAddress: 10_000 }

function setUp() {
  const way = narrow({ most: MOST, tripMs: 5 })
  const world = room({ wrap: way.wrap, limits: LIMITS })
  return {
    ...world,
    ...way,
    /** Time passes, and links are alive. */
    async live(links: readonly MemoryLink[], ms: number) {
      for (let left = ms; left > 0; left -= 5_000) {
        for (const link of links) link.trickle()
        await world.clock.advance(Math.min(left, 5_000))
      }
    },
    errors: () => world.logger.lines.filter(({ level }) => level === 'error'),
  }
}

function names(link: number): string[] {
  return Array.from({ length: EACH }, (_, i) => `c${link}-${i}`)
}

/** A server with so many channels that somebody subscribes to. */
async function channels() {
  const w = setUp()
  const links: MemoryLink[] = []
  for (let i = 0; i < LINKS; i++) {
    const link = await w.user(`u${i}`)
    for (const channel of names(i)) link.tell({ type: 'subscribe', channel, generation: 1 })
    await w.clock.settle()
    expect(link.all('subscribed')).toHaveLength(EACH)
    links.push(link)
  }
  for (let i = 0; i < LINKS; i++) for (const channel of names(i)) await w.server.publish(channel, 1)
  await w.clock.settle()
  return { ...w, links }
}

/** A server with so many members, whom somebody on another one watches. */
async function members() {
  const w = setUp()
  const empty = w.backend.checkpoint()
  const other = w.node()
  const watcher = await w.user('watcher', other)
  for (const channel of names(0)) await ask(watcher, 'watch', undefined, channel)
  const links: MemoryLink[] = []
  for (let i = 0; i < LINKS; i++) {
    const link = await w.user(`u${i}`)
    for (const channel of names(0)) link.tell({ type: 'presence', ref: 1, channel, action: 'enter' })
    await w.clock.settle()
    links.push(link)
  }
  watcher.take()
  return { ...w, links, watcher, other, empty }
}

function isLive(server: RealtimeServer): boolean[] {
  const { node } = server as unknown as {
    node: { hub: { channels: ReadonlyMap<string, { isLive: boolean }> } }
  }
  return [...node.hub.channels.values()].map((channel) => channel.isLive)
}

const EVERY = Array.from({ length: ALL }, () => true)

test('after a failover 3,000 channels are verified within a second, 200 at a time, and no request is refused', async () => {
  const { clock, server, backend, passage, begin, errors } = await channels()
  begin(clock)
  backend.failOver()
  await clock.advance(1_000)
  expect(isLive(server)).toEqual(EVERY)
  expect([passage.peak, passage.refused, passage.counts.get('recover')]).toEqual([OWN, 0, ALL])
  expect(errors()).toEqual([])
})

test('several failovers in a row start nothing twice', async () => {
  const { clock, server, backend, passage, begin } = await channels()
  begin(clock)
  for (let i = 0; i < 5; i++) backend.failOver()
  await clock.advance(1_000)
  expect(isLive(server)).toEqual(EVERY)
  // What was under way when the last one came is read once more, and nothing else.
  expect(passage.peak).toBeLessThanOrEqual(OWN)
  expect(passage.counts.get('recover')).toBeLessThanOrEqual(ALL + OWN)
})

test('while channels are verified, publishes and subscribes are answered, and what is published is heard at once', async () => {
  const { clock, server, backend, links, begin } = await channels()
  const [reader] = links
  begin(clock)
  backend.failOver()
  // The last of a long queue.
  const published = server.publish(names(LINKS - 1)[EACH - 1] ?? '', 'now')
  reader?.tell({ type: 'subscribe', channel: 'new', generation: 1 })
  reader?.take()
  await clock.advance(20)
  await expect(published).resolves.toMatchObject({ offset: 2 })
  expect(links.at(-1)?.all('publication').at(-1)).toMatchObject({ data: 'now' })
  expect(reader?.take().map(({ type }) => type)).toContain('subscribed')
  expect(isLive(server).filter((live) => !live).length).toBeGreaterThan(1_000)
})

test('channels whose verification fails are tried again soon and apart, and say so in a few lines', async () => {
  const { clock, server, backend, passage, begin, errors, random } = await channels()
  let drawn = 0
  random.fraction = () => (drawn++ % 100) / 100
  begin(clock)
  passage.fails = (name) => name === 'recover'
  backend.failOver()
  await clock.advance(5_000)
  expect(isLive(server)).not.toContain(true)
  passage.fails = undefined
  await clock.advance(5_000)
  expect(isLive(server)).toEqual(EVERY)
  expect([passage.peak, passage.refused]).toEqual([OWN, 0])
  expect(errors().length).toBeLessThanOrEqual(4)
  await clock.advance(10_000)
  expect(errors().at(-1)?.message).toBe('broker failed: read failed more often')
})

test('a part of the backend that does not answer does not keep the channels of the others from being verified', async () => {
  const { clock, server, backend, passage, begin, errors } = await channels()
  begin(clock)
  const isAway = (channel: unknown) => typeof channel === 'string' && /^c\d*[05]-/.test(channel)
  passage.hangs = isAway
  backend.failOver()
  await clock.advance(4_000)
  expect(isLive(server).filter((live) => live)).toHaveLength((ALL * 4) / 5)
  expect(passage.peak).toBeLessThanOrEqual(1_000)
  expect(passage.refused).toBe(0)
  passage.hangs = undefined
  await clock.advance(10_000)
  expect(isLive(server)).toEqual(EVERY)
  expect(errors().length).toBeLessThanOrEqual(10)
})

test('what is tried again and again, since a part of the backend is away, leaves room for the next resync of the others', async () => {
  const { clock, server, backend, passage, begin } = await channels()
  begin(clock)
  passage.hangs = (channel) => typeof channel === 'string' && /^c\d*[02468]-/.test(channel)
  backend.failOver()
  await clock.advance(20_000)
  const away = isLive(server).filter((live) => !live).length
  expect(away).toBeGreaterThan(1_500)
  expect(passage.peak).toBeLessThanOrEqual(1_000)
  backend.failOver()
  await clock.advance(300)
  expect(isLive(server).filter((live) => !live)).toHaveLength(away)
})

test('a node that closes verifies nothing more', async () => {
  const { clock, server, backend, passage, begin } = await channels()
  begin(clock)
  backend.failOver()
  await clock.until(server.close())
  const asked = passage.counts.get('recover') ?? 0
  await clock.advance(60_000)
  expect(asked).toBeLessThan(ALL)
  expect(passage.counts.get('recover')).toBe(asked)
})

test('when a store comes back empty, 3,000 members are entered again, each once, and no watcher is told that one left', async () => {
  const { clock, server, backend, passage, begin, live, links, watcher, empty, errors } = await members()
  begin(clock)
  backend.failOver(empty)
  await live([watcher, ...links], 20_000)
  const { count } = await clock.until(server.presence('c0-0'))
  expect(count).toBe(LINKS)
  expect(missing(watcher)).toEqual([])
  expect(passage.counts.get('enter')).toBe(ALL)
  // Two nodes are at it: that of the members, and that of the watcher.
  expect([passage.peak <= 2 * OWN, passage.refused, errors()]).toEqual([true, 0, []])
})

test('members that cannot be entered at first are tried again soon: before watchers are told that they are gone', async () => {
  const { clock, backend, passage, begin, live, links, watcher, empty, errors } = await members()
  begin(clock)
  passage.fails = (name) => name === 'enter'
  backend.failOver(empty)
  await live([watcher, ...links], 5_000)
  passage.fails = undefined
  await live([watcher, ...links], 20_000)
  expect(missing(watcher)).toEqual([])
  expect([passage.peak <= 2 * OWN, passage.refused]).toEqual([true, 0])
  expect(errors().length).toBeLessThanOrEqual(5)
})

test('members that the store loses once more, while they are entered again, are entered once more', async () => {
  const { clock, backend, begin, live, links, watcher, empty, server } = await members()
  begin(clock)
  for (let i = 0; i < 3; i++) {
    backend.failOver(empty)
    await clock.advance(12)
  }
  await live([watcher, ...links], 14_000)
  expect(missing(watcher)).toEqual([])
  expect((await clock.until(server.presence('c0-0'))).count).toBe(LINKS)
})

test('3,000 members whose links are lost together leave in turn, and all of them do', async () => {
  const { clock, passage, begin, live, links, watcher, other } = await members()
  begin(clock)
  for (const link of links) link.terminate()
  await live([watcher], 15_000)
  expect((await clock.until(other.presence('c0-0'))).count).toBe(0)
  expect([passage.peak, passage.refused, passage.counts.get('leave')]).toEqual([OWN, 0, ALL])
})

test('what is kept with thousands of sessions is written again in turn, and soon when that fails', async () => {
  const { clock, server, backend, passage, begin, errors, user } = setUp()
  const links: MemoryLink[] = []
  for (let i = 0; i < 2_500; i++) links.push(await user(`u${i}`))
  for (let i = 0; i < links.length; i++) await server.setAttributes({ user: `u${i}` }, { n: i })
  begin(clock)
  passage.fails = (name) => name === 'keep'
  backend.failOver()
  await clock.advance(3_000)
  passage.fails = undefined
  const before = passage.counts.get('keep') ?? 0
  await clock.advance(6_000)
  expect([passage.peak, passage.refused]).toEqual([OWN, 0])
  expect((passage.counts.get('keep') ?? 0) - before).toBe(links.length)
  expect(errors().length).toBeLessThanOrEqual(4)
})

/** Members whom the watcher was told to be gone, by a leave or by a list without them. */
function missing(watcher: MemoryLink): string[] {
  return told(watcher.take()).filter((word) => !word.startsWith('+') && word.split(',').length !== LINKS)
}
