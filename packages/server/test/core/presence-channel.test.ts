import { clientCodec, DEFAULT_LIMITS, isProtocolError, type ServerFrame } from '@org/realtime-protocol'
import { expect, test } from 'vitest'
import { PresenceChannel, type Watcher } from '../../src/core/presence-channel.js'
import { TimerWheel } from '../../src/core/timer-wheel.js'
import { Upkeep } from '../../src/core/upkeep.js'
import type { EncodedFrame } from '../../src/index.js'
import { CountingRandom } from '../support/counting-random.js'
import { listed, told } from '../support/presence-room.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { ScriptedPresence } from '../support/scripted-presence.js'
import { VirtualClock } from '../../src/testing/index.js'

class Peer {
  readonly heard: ServerFrame[] = []
  readonly frames: EncodedFrame[] = []
  congested = false

  offer(frame: EncodedFrame): boolean {
    if (this.congested) return false
    this.send(frame)
    return true
  }

  send(frame: EncodedFrame): void {
    const decoded = clientCodec.decode(frame.text)
    if (isProtocolError(decoded)) throw new Error(`no frame: ${frame.text}`)
    this.frames.push(frame)
    this.heard.push(decoded)
  }

  take(): string[] {
    return told(this.heard.splice(0))
  }
}

async function setUp({ members = 5, bytes = 10_000, present = ['ada'] } = {}) {
  const clock = new VirtualClock()
  const store = new ScriptedPresence()
  const wheel = new TimerWheel(clock, 500)
  const logger = new RecordingLogger()
  const upkeep = new Upkeep({ clock, random: new CountingRandom() })
  const limits = { ...DEFAULT_LIMITS, presenceMembers: members }
  for (const session of present) store.join(session)
  const bounds = { members, bytes }
  const channel = new PresenceChannel('c', { store, wheel, clock, logger, upkeep, limits }, bounds, () =>
    store.list('c', members),
  )
  const watch = (): { peer: Peer; watcher: Watcher } => {
    const peer = new Peer()
    const watcher = { link: peer, behind: false }
    channel.join(watcher)
    return { peer, watcher }
  }
  await clock.settle()
  const who = () => (channel.told ? listed({ ...channel.told, members: parsed(channel.told.members) }) : undefined)
  return { clock, store, channel, watch, who, logger, ...watch() }
}

function parsed(members: string | undefined): never {
  return (members === undefined ? undefined : JSON.parse(members)) as never
}

test('it knows who was there when it was opened, and follows every change', async () => {
  const { store, channel, peer, who } = await setUp()
  expect(who()).toBe('[ada]')
  channel.deliver(store.join('eve', '1'))
  channel.deliver(store.part('ada'))
  expect([who(), peer.take()]).toEqual(['[eve:1]', ['+eve:1', '-ada']])
  expect(store.lists).toBe(1)
})

test('a change is encoded once for all who watch', async () => {
  const { store, channel, peer, watch } = await setUp()
  const other = watch()
  channel.deliver(store.join('eve'))
  expect(other.peer.frames[0]).toBe(peer.frames[0])
})

test('changes that arrive while the members are read are joined by position', async () => {
  const { clock, store, channel, who } = await setUp({ present: [] })
  store.reading.close()
  channel.suspect()
  const [first, second] = [store.join('ada'), store.join('eve')]
  channel.deliver(first)
  channel.deliver(second)
  store.reading.open()
  await clock.settle()
  expect(who()).toBe('[ada,eve]')
})

test('a hole has everything read again, once, and watchers get the list in place of what they missed', async () => {
  const { clock, store, channel, peer } = await setUp()
  store.join('lost')
  channel.deliver(store.join('eve'))
  channel.deliver(store.join('max'))
  await clock.settle()
  expect([peer.take(), store.lists]).toEqual([['[ada,eve,lost,max]'], 2])
  channel.deliver(store.part('eve'))
  expect(peer.take()).toEqual(['-eve'])
})

test('a change that was told before is dropped', async () => {
  const { store, channel, peer } = await setUp()
  const join = store.join('eve')
  channel.deliver(join)
  channel.deliver(join)
  expect(peer.take()).toEqual(['+eve'])
})

test('a change of another epoch has everything read again, and one of an epoch that is over is forgotten', async () => {
  const { clock, store, channel, peer } = await setUp()
  const old = store.join('old')
  store.epoch = 'E2'
  channel.deliver(store.join('eve'))
  await clock.settle()
  expect(peer.take()).toEqual(['[ada,eve,old]'])
  channel.deliver(old)
  await clock.settle()
  expect(peer.take()).toEqual([])
})

test('who is missing in a store that began anew is shown as before, others come and go, and who comes back was never gone', async () => {
  const { clock, store, channel, peer, who } = await setUp({ present: ['ada', 'max', 'kim'] })
  for (const session of ['max', 'kim']) store.part(session)
  store.epoch = 'E2'
  channel.suspect()
  await clock.advance(2_500)
  expect(peer.take()).toEqual(['[ada,kim,max]'])
  expect(channel.told?.count).toBe(3)
  channel.deliver(store.join('eve'))
  channel.deliver(store.part('ada'))
  channel.deliver(store.join('max'))
  // Those who left in the new history are gone, also when all is read again.
  channel.suspect()
  await clock.settle()
  expect([who(), peer.take()]).toEqual(['[eve,kim,max]', ['+eve', '-ada', '+max']])
  await clock.advance(DEFAULT_LIMITS.presenceGraceMs)
  expect([who(), peer.take()]).toEqual(['[eve,max]', ['[eve,max]']])
  expect(channel.told?.count).toBe(2)
})

test('when nothing has changed, reading again tells nobody', async () => {
  const { clock, channel, peer, store } = await setUp()
  channel.suspect()
  await clock.settle()
  expect([store.lists, peer.take()]).toEqual([2, []])
})

test('what the store says of where it stands has a lost change found', async () => {
  const { clock, store, channel, peer } = await setUp()
  const { position } = store.join('lost')
  channel.verify({ epoch: 'E1', offset: 1 })
  await clock.settle()
  expect([store.lists, peer.take()]).toEqual([1, []])
  channel.verify(position)
  await clock.settle()
  expect(peer.take()).toEqual(['[ada,lost]'])
})

test('while the store cannot be reached, watchers keep what they know, and it is tried until it works', async () => {
  const { clock, store, channel, peer, logger } = await setUp()
  store.failures = 3
  channel.suspect()
  await clock.advance(150)
  store.join('eve')
  await clock.advance(10_000)
  expect(peer.take()).toEqual(['[ada,eve]'])
  expect(logger.of('error')).toEqual(Array.from({ length: 3 }, () => 'presence store failed'))
})

test('a store that cannot be reached at first is told to those who wait', async () => {
  const { clock } = await setUp()
  const store = new ScriptedPresence()
  store.failures = 1
  const wheel = new TimerWheel(clock, 500)
  const upkeep = new Upkeep({ clock, random: new CountingRandom() })
  const ports = { store, wheel, clock, upkeep, logger: new RecordingLogger(), limits: DEFAULT_LIMITS }
  const channel = new PresenceChannel('c', ports, { members: 5, bytes: 99 }, () => store.list('c', 5))
  await expect(channel.opened).rejects.toThrow('the store is down')
})

test('thousands of changes that wait for a reading take no more room than a thousand', async () => {
  const { clock, store, channel, who } = await setUp()
  store.reading.close()
  channel.suspect()
  for (let i = 0; i < 2_500; i++) {
    channel.deliver(store.join('flap'))
    channel.deliver(store.part('flap'))
  }
  expect((channel as unknown as { held: unknown[] }).held.length).toBeLessThanOrEqual(1_000)
  store.reading.open()
  await clock.settle()
  expect(who()).toBe('[ada]')
})

test('above the limit only counts are told, at most one a second; back below, the list', async () => {
  const { clock, store, channel, peer } = await setUp({ members: 3, present: ['a', 'b', 'c'] })
  channel.deliver(store.join('d'))
  channel.deliver(store.join('e'))
  expect(peer.take()).toEqual([])
  await clock.advance(1_500)
  expect(peer.take()).toEqual(['#5'])
  for (let i = 0; i < 100; i++) {
    channel.deliver(store.join(`x${i}`))
    await clock.advance(100)
  }
  const counts = peer.take()
  expect(counts.length).toBeLessThanOrEqual(10)
  expect(counts.length).toBeGreaterThanOrEqual(6)
  for (let i = 0; i < 100; i++) channel.deliver(store.part(`x${i}`))
  for (const session of ['d', 'e']) channel.deliver(store.part(session))
  await clock.advance(3_000)
  expect(peer.take().at(-1)).toBe('[a,b,c]')
  channel.deliver(store.part('c'))
  expect(peer.take()).toEqual(['-c'])
})

test('somebody who flaps across the limit has at most one list a second told', async () => {
  const { clock, store, channel, peer, who } = await setUp({ members: 3, present: ['a', 'b', 'c'] })
  for (let i = 0; i < 500; i++) {
    channel.deliver(store.join('d'))
    channel.deliver(store.part('d'))
    await clock.advance(20)
  }
  await clock.advance(3_000)
  const heard = peer.take()
  expect(heard.filter((text) => text.startsWith('[')).length).toBeLessThanOrEqual(11)
  expect(heard.filter((text) => text.startsWith('#')).length).toBeLessThanOrEqual(11)
  expect([heard.at(-1), who()]).toEqual(['[a,b,c]', '[a,b,c]'])
  expect(store.lists).toBeLessThanOrEqual(13)
})

test('members too large to be told together are counted, and listed again when they fit', async () => {
  const { clock, store, channel, peer } = await setUp({ bytes: 200 })
  channel.deliver(store.join('eve', JSON.stringify('x'.repeat(300))))
  await clock.advance(1_500)
  expect(peer.take()).toEqual(['#2'])
  channel.deliver(store.join('eve', '1'))
  channel.deliver(store.join('eve', '2'))
  await clock.advance(1_500)
  expect([peer.take(), store.lists]).toEqual([['[ada,eve:2]'], 1])
})

test('a link that is full gets nothing, and one list when it has room, whatever it missed', async () => {
  const { store, channel, peer, watcher, watch } = await setUp()
  const fast = watch()
  peer.congested = true
  for (let i = 0; i < 1_000; i++) {
    channel.deliver(store.join('eve'))
    channel.deliver(store.part('eve'))
  }
  channel.deliver(store.join('max'))
  expect(fast.peer.take()).toHaveLength(2_001)
  peer.congested = false
  channel.deliver(store.part('max'))
  expect(peer.take()).toEqual([])
  channel.refresh(watcher)
  channel.refresh(watcher)
  channel.deliver(store.join('eve'))
  expect(peer.take()).toEqual(['[ada]', '+eve'])
})

test('closed, it says nothing more and lets go of the store', async () => {
  const { clock, store, channel, peer } = await setUp({ members: 1 })
  channel.deliver(store.join('eve'))
  channel.close()
  await clock.advance(10_000)
  channel.deliver(store.join('max'))
  await clock.settle()
  expect([peer.take(), store.watched, clock.pending]).toEqual([[], 0, 0])
})
