import type { GapFrame, ServerFrame } from '@org/realtime-protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Channel, GapEvent } from '../src/index.js'
import { World, type FakeLink } from './support/world.js'

let world: World
let room: Channel
let link: FakeLink
let heard: Array<number | string>

beforeEach(async () => {
  world = new World()
  room = world.client.channel('room')
  heard = []
  room.on('message', ({ offset }) => heard.push(offset))
  room.on('gap', ({ reason, from, to }) => heard.push(`${reason} ${from}..${to}`))
  link = await world.connect()
  link.subscribed('room', 'e1', 4)
})

const position = (epoch: string, offset: number) => ({ epoch, offset })
const gap = (fields: Partial<GapFrame>): ServerFrame => ({
  type: 'gap',
  channel: 'room',
  reason: 'trimmed',
  from: 5,
  to: 6,
  position: position('e1', 6),
  ...fields,
})

test('each message once, in order', () => {
  link.publish('room', 'e1', 5, 7)
  link.publish('room', 'e1', 3, 8)
  expect(heard).toEqual([5, 6, 7, 8])
})

describe('a hole', () => {
  test('is recovered once, from the last position, and costs no message', () => {
    link.publish('room', 'e1', 5)
    link.publish('room', 'e1', 8, 12)
    expect(link.of('subscribe')).toMatchObject([{ channel: 'room', since: position('e1', 5) }])
    expect(room.state.status).toBe('subscribed')
    link.subscribed('room', 'e1', 5, { head: 12 })
    link.publish('room', 'e1', 6, 13)
    expect(heard).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13])
  })

  test('until it is recovered, what comes belongs to the old subscription', () => {
    link.publish('room', 'e1', 6)
    link.publish('room', 'e1', 5)
    link.say(gap({}))
    link.say({ type: 'rebase', channel: 'room', from: 'e1', end: 4, to: 'e2' })
    expect(heard).toEqual([])
    expect(link.of('subscribe')).toHaveLength(1)
  })

  test('that stays a hole is asked about again only after a back-off', async () => {
    link.publish('room', 'e1', 9)
    link.subscribed('room', 'e1', 4)
    link.publish('room', 'e1', 9)
    expect(link.of('subscribe')).toHaveLength(1)
    link.publish('room', 'e1', 10)
    await world.clock.advance(599)
    expect(link.of('subscribe')).toHaveLength(1)
    await world.clock.advance(1)
    expect(link.of('subscribe')).toHaveLength(2)
  })

  test('of another epoch is recovered too, also with a lower offset', () => {
    link.publish('room', 'e2', 3)
    expect(link.last('subscribe').since).toEqual(position('e1', 4))
    expect(heard).toEqual([])
  })
})

describe('a rebase', () => {
  test('renames the position, and costs nothing', () => {
    link.say({ type: 'rebase', channel: 'room', from: 'e1', end: 4, to: 'e2' })
    expect(room.position).toEqual(position('e2', 4))
    link.publish('room', 'e2', 5)
    expect(heard).toEqual([5])
    expect(link.of('subscribe')).toHaveLength(0)
  })

  test('to the epoch we are in already changes nothing', () => {
    link.say({ type: 'rebase', channel: 'room', from: 'e0', end: 1, to: 'e1' })
    expect(room.position).toEqual(position('e1', 4))
    expect(link.of('subscribe')).toHaveLength(0)
  })

  test.each([
    ['e1', 3],
    ['e0', 9],
  ])('from %s that ended at %i does not cover us: recover', (from, end) => {
    link.say({ type: 'rebase', channel: 'room', from, end, to: 'e2' })
    expect(link.last('subscribe').since).toEqual(position('e1', 4))
  })
})

describe('a gap', () => {
  test('is told in its place, and delivery goes on after it', () => {
    link.publish('room', 'e1', 5)
    link.say(gap({ from: 6, to: 8, position: position('e1', 8) }))
    expect(room.position).toEqual(position('e1', 8))
    link.publish('room', 'e1', 9)
    expect(heard).toEqual([5, 'trimmed 6..8', 9])
  })

  test('of a rollback takes offsets back', () => {
    link.publish('room', 'e1', 5, 7)
    link.say(
      gap({
        reason: 'rollback',
        from: 6,
        to: 7,
        position: position('e2', 5),
        rebase: { from: 'e1', end: 5, to: 'e2' },
      }),
    )
    link.publish('room', 'e2', 6)
    expect(heard).toEqual([5, 6, 7, 'rollback 6..7', 6])
  })

  test('of a rollback inside one epoch takes offsets back too', () => {
    link.publish('room', 'e1', 5, 7)
    link.say(
      gap({
        reason: 'rollback',
        from: 6,
        to: 7,
        position: position('e1', 5),
        rebase: { from: 'e1', end: 5, to: 'e1' },
      }),
    )
    link.publish('room', 'e1', 6)
    expect(heard).toEqual([5, 6, 7, 'rollback 6..7', 6])
  })

  test('of a new epoch goes on there', () => {
    link.say(
      gap({ reason: 'epoch', from: 4, to: 1, position: position('f1', 0), rebase: { from: 'e1', end: 0, to: 'f1' } }),
    )
    link.publish('room', 'f1', 1)
    expect(heard).toEqual(['epoch 4..1', 1])
  })

  test('between epochs of which neither is ours is asked about', () => {
    link.say(
      gap({
        reason: 'rollback',
        from: 3,
        to: 3,
        position: position('e3', 2),
        rebase: { from: 'e2', end: 2, to: 'e3' },
      }),
    )
    expect(heard).toEqual([])
    expect(link.last('subscribe').since).toEqual(position('e1', 4))
  })

  test('that begins beyond the next message leaves a hole: recover', () => {
    link.say(gap({ from: 6, to: 8, position: position('e1', 8) }))
    expect(heard).toEqual([])
    expect(link.last('subscribe').since).toEqual(position('e1', 4))
  })

  test('that lies behind us was told before', () => {
    link.publish('room', 'e1', 5, 9)
    link.say(gap({ reason: 'slow', from: 5, to: 6 }))
    expect(heard).toEqual([5, 6, 7, 8, 9])
    expect(room.position).toEqual(position('e1', 9))
  })

  test('nobody listens for on the channel is told by the client, and logged', async () => {
    const warnings: unknown[] = []
    const other = new World({ logger: { warn: (message) => warnings.push(message) } })
    other.client.channel('room').on('message', () => {})
    const gaps: GapEvent[] = []
    other.client.on('gap', (gap) => gaps.push(gap))
    const otherLink = await other.connect()
    otherLink.subscribed('room', 'e1', 4)
    otherLink.say(gap({}))
    expect(gaps).toMatchObject([{ channel: 'room', reason: 'trimmed', from: 5, to: 6 }])
    expect(warnings).toEqual(['gap'])
  })
})

describe('resuming', () => {
  test('without a loss is silent', async () => {
    const next = await world.reconnect()
    next.subscribed('room', 'e1', 4, { head: 6 })
    next.publish('room', 'e1', 5, 7)
    expect(heard).toEqual([5, 6, 7])
  })

  test('in a new epoch that covers the position is silent too', async () => {
    const next = await world.reconnect()
    next.subscribed('room', 'e2', 4, { rebase: { from: 'e1', end: 9, to: 'e2' } })
    next.publish('room', 'e2', 5)
    expect(heard).toEqual([5])
  })

  test('with a gap tells it first', async () => {
    const next = await world.reconnect()
    next.subscribed('room', 'e1', 7, { head: 8, gap: { reason: 'trimmed', from: 5, to: 7 } })
    next.publish('room', 'e1', 8)
    expect(heard).toEqual(['trimmed 5..7', 8])
  })

  test('a channel nobody had written to goes on with the first message of any epoch', async () => {
    const fresh = world.client.channel('fresh')
    const offsets: number[] = []
    const gaps: unknown[] = []
    fresh.on('message', ({ offset }) => offsets.push(offset))
    fresh.on('gap', (gap) => gaps.push(gap))
    link.subscribed('fresh', '', 0)
    const next = await world.reconnect()
    expect(next.last('connect').subscriptions).toContainEqual(
      expect.objectContaining({ channel: 'fresh', since: position('', 0) }),
    )
    next.subscribed('fresh', 'e9', 0, { head: 1 })
    next.publish('fresh', 'e9', 1)
    expect([offsets, gaps]).toEqual([[1], []])
  })
})
