import type { PublicationFrame } from '@org/realtime-protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Channel, ChannelStateEvent, Message } from '../src/index.js'
import { World, type FakeLink } from './support/world.js'

let world: World
let channel: Channel
let link: FakeLink
let heard: Message[]
let gaps: number
let states: ChannelStateEvent[]

beforeEach(async () => {
  world = new World()
  channel = world.client.channel('room')
  heard = []
  gaps = 0
  states = []
  channel.on('message', (message) => heard.push(message))
  channel.on('gap', () => (gaps += 1))
  channel.on('state', (state) => states.push(state))
  link = await world.connect()
})

const offsets = () => heard.map(({ offset }) => offset)
const value = (epoch: string, offset: number): PublicationFrame => ({
  type: 'publication',
  channel: 'room',
  epoch,
  offset,
  id: `${epoch}-${offset}`,
  at: 0,
  data: offset,
})

describe('a latest channel', () => {
  beforeEach(() => link.subscribed('room', 'e1', 4, { mode: 'latest', head: 5 }))

  test('delivers the value there was as a recovered one, and newer ones, with or without a hole', () => {
    link.say(value('e1', 5), value('e1', 6), value('e1', 40))
    expect(offsets()).toEqual([5, 6, 40])
    expect(heard.map(({ recovered }) => recovered)).toEqual([true, false, false])
    expect(channel.position).toEqual({ epoch: 'e1', offset: 40 })
    expect(gaps).toBe(0)
  })

  test('drops what is not newer, and never asks for what lies between', () => {
    link.say(value('e1', 9), value('e1', 9), value('e1', 3), value('e1', 12))
    expect(offsets()).toEqual([9, 12])
    expect(link.of('subscribe')).toEqual([])
  })

  test('takes a value of another epoch at any offset, without a gap, and not as one from the past', () => {
    link.say(value('e1', 5), value('e2', 2), value('e2', 1), value('e2', 3))
    expect(heard.map(({ epoch, offset }) => `${epoch} ${offset}`)).toEqual(['e1 5', 'e2 2', 'e2 3'])
    expect(heard.map(({ recovered }) => recovered)).toEqual([true, false, false])
    expect(gaps).toBe(0)
  })

  test('is resumed from its value, and told it again only when it is another one', async () => {
    link.say(value('e1', 5))
    link = await world.reconnect()
    expect(link.last('connect').subscriptions).toMatchObject([{ since: { epoch: 'e1', offset: 5 } }])
    link.subscribed('room', 'e1', 5, { mode: 'latest', head: 5 })
    link.say(value('e1', 5))
    expect(offsets()).toEqual([5])
    expect(states.at(-1)).toMatchObject({ status: 'subscribed', resumed: true, recovered: 0 })
    link = await world.reconnect()
    link.subscribed('room', 'e2', 8, { mode: 'latest', head: 9 })
    link.say(value('e2', 9))
    expect(offsets()).toEqual([5, 9])
    expect(gaps).toBe(0)
  })
})

describe('an ephemeral channel', () => {
  beforeEach(() => link.subscribed('room', '', 0, { mode: 'ephemeral' }))

  test('delivers what comes, as it comes, and none of it is from the past', () => {
    link.say(value('', 0), value('', 0), value('', 0))
    expect(offsets()).toEqual([0, 0, 0])
    expect(heard.map(({ recovered }) => recovered)).toEqual([false, false, false])
    expect(link.of('subscribe')).toEqual([])
  })

  test('is never said to be resumed, for nobody knows what was missed', async () => {
    link.say(value('', 0))
    link = await world.reconnect()
    link.subscribed('room', '', 0, { mode: 'ephemeral' })
    expect(states.at(-1)).toMatchObject({ status: 'subscribed', resumed: false })
    link.say(value('', 0))
    expect(offsets()).toEqual([0, 0])
    expect(gaps).toBe(0)
  })

  test('hears a channel that became a log meanwhile as a log', async () => {
    link = await world.reconnect()
    link.subscribed('room', 'e1', 0, { head: 0 })
    link.say(value('e1', 1), value('e1', 3))
    expect(offsets()).toEqual([1])
    expect(link.of('subscribe')).toMatchObject([{ since: { epoch: 'e1', offset: 1 } }])
  })
})
