import { describe, expect, test } from 'vitest'
import { settled } from './support/settled.js'
import { publication, World } from './support/world.js'

const position = { epoch: 'e', offset: 3 }
const made = { type: 'subscribed', channel: 'news', generation: 0, position, head: 3 } as const

describe('a subscription that the server made', () => {
  test('is delivered to the listeners of the channel, else to those of the client', async () => {
    const world = new World()
    const link = await world.connect()
    const heard: unknown[] = []
    world.client.on('message', ({ channel, data }) => heard.push(`client ${channel} ${String(data)}`))
    link.say(made, publication('news', 'e', 4))
    const off = world.client.channel('news').on('message', ({ data }) => heard.push(`channel ${String(data)}`))
    link.publish('news', 'e', 5)
    off()
    await world.clock.advance(2_000)
    link.publish('news', 'e', 6)
    expect(heard).toEqual(['client news 4', 'channel 5', 'client news 6'])
    expect([...link.of('subscribe'), ...link.of('unsubscribe')]).toEqual([])
    expect(world.client.channel('news').state.status).toBe('subscribed')
    expect(world.client.channel('news').position).toEqual({ epoch: 'e', offset: 6 })
  })

  test('goes on from its position on the next link of the session', async () => {
    const world = new World()
    const link = await world.connect()
    link.say(made)
    link.publish('news', 'e', 4)
    const heard: unknown[] = []
    world.client.on('message', ({ offset }) => heard.push(offset))
    const next = await world.reconnect({ resumed: true })
    expect(next.last('connect').subscriptions).toMatchObject([{ channel: 'news', since: { epoch: 'e', offset: 4 } }])
    next.subscribed('news', 'e', 4, { head: 5 })
    next.publish('news', 'e', 5)
    expect(heard).toEqual([5])
  })

  test('is gone with the session that had it, unless somebody here listens', async () => {
    const world = new World()
    const link = await world.connect()
    const states: string[] = []
    link.say(made, { ...made, channel: 'other' })
    world.client.channel('news').on('state', ({ status }) => states.push(status))
    world.client.channel('other').on('message', () => {})
    const next = await world.reconnect({ resumed: false })
    expect(next.of('unsubscribe')).toMatchObject([{ channel: 'news', generation: next.generation('news') }])
    expect(states).toEqual(['subscribing', 'unsubscribed'])
    next.subscribed('other', 'e', 3)
    expect(world.client.channel('other').state.status).toBe('subscribed')
    expect((await world.reconnect()).last('connect').subscriptions).toMatchObject([{ channel: 'other' }])
  })

  test('of a channel that is subscribed already makes it outlive its listeners', async () => {
    const world = new World()
    const link = await world.connect()
    const off = world.client.channel('news').on('message', () => {})
    link.subscribed('news', 'e', 3)
    link.say(made)
    off()
    await world.clock.advance(2_000)
    expect(link.of('unsubscribe')).toEqual([])
    expect(world.client.channel('news').state.status).toBe('subscribed')
  })

  test('ends when the server says so, and says why', async () => {
    const world = new World()
    const link = await world.connect()
    link.say(made, { type: 'unsubscribed', channel: 'news', generation: 0, code: 'UNSUBSCRIBED', message: 'over' })
    expect(world.client.channel('news').state).toMatchObject({
      status: 'unsubscribed',
      error: { code: 'UNSUBSCRIBED' },
    })
    expect((await world.reconnect()).last('connect').subscriptions).toBeUndefined()
  })

  test('that nobody hears at all is kept, too', async () => {
    const world = new World()
    const link = await world.connect()
    link.say(made)
    link.publish('news', 'e', 4)
    await settled()
    expect(world.client.channel('news').position).toEqual({ epoch: 'e', offset: 4 })
  })
})

test('client.personal is the channel of the user, whatever the name of the user', async () => {
  const world = new World()
  const link = await world.connect()
  const heard: unknown[] = []
  world.client.personal.on('message', ({ data }) => heard.push(data))
  expect(link.last('subscribe')).toMatchObject({ channel: '@' })
  link.subscribed('@', 'e', 0)
  link.publish('@', 'e', 1)
  expect(heard).toEqual([1])
})
