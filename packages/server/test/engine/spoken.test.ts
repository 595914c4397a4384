import { NULL_POSITION } from '@org/realtime-protocol'
import { describe, expect, test } from 'vitest'
import { world } from '../support/world.js'

// Sentences of PROTOCOL.md that belong to more than one part of the engine, each said to a server.

describe('numbers of requests', () => {
  test('are those of their sender: the same one may be under way in both directions (§3)', async () => {
    const { server, connected, clock } = world({ contract: { methods: { echo: {} }, clientMethods: { add: {} } } })
    server.method('echo', (input) => input)
    const client = await connected()
    const { session } = client.only('connected')
    const called = server.call({ session: session.id }, 'add', 2)
    await clock.settle()
    const { ref } = client.only('call')
    await client.say({ type: 'call', ref, method: 'echo', data: 'mine' })
    expect(client.only('result')).toEqual({ type: 'result', ref, data: 'mine' })
    // Cancels what it asked for itself, which is over, and not what it was asked for.
    await client.say({ type: 'cancel', ref })
    await client.say({ type: 'result', ref, data: 3 })
    expect(await called).toBe(3)
  })

  test('of answers to nothing are ignored, and the link lives (§2.5)', async () => {
    const { connected } = world()
    const client = await connected()
    await client.say({ type: 'result', ref: 7, data: 1 })
    await client.say({ type: 'error', ref: 7, code: 'REFUSED', message: '' })
    await client.say({ type: 'cancel', ref: 7 })
    await client.say({ type: 'unsubscribe', channel: 'a', generation: 7 })
    await client.say({ type: 'pong' })
    expect([client.heard.length, client.end]).toEqual([1, undefined])
  })
})

describe('generations', () => {
  test('that are not above the running one are ignored; after it ended any number begins anew (§3.3)', async () => {
    const { connected } = world()
    const client = await connected()
    for (const generation of [5, 5, 4]) await client.subscribe({ channel: 'a', generation })
    expect(client.all('subscribed').map(({ generation }) => generation)).toEqual([5])
    await client.say({ type: 'unsubscribe', channel: 'a', generation: 4 })
    await client.publish('a', 'still heard')
    expect(client.offsets()).toEqual([1])
    await client.say({ type: 'unsubscribe', channel: 'a', generation: 5 })
    await client.subscribe({ channel: 'a', generation: 1 })
    expect(client.all('subscribed').map(({ generation }) => generation)).toEqual([5, 1])
  })
})

describe('presence', () => {
  test('is asked for in vain where there is none, and on the personal channel (§3.9)', async () => {
    const { server, connected } = world({ rules: false, authenticate: () => ({ user: { id: 'ada' } }), personal: true })
    server.channel('bare', { subscribe: true })
    const client = await connected()
    let ref = 0
    for (const channel of ['bare', '@']) {
      for (const action of ['enter', 'leave', 'get', 'watch', 'unwatch'] as const) {
        await client.say({ type: 'presence', ref: ++ref, channel, action })
        expect([channel, action, client.answer(ref)]).toMatchObject([channel, action, { code: 'UNSUPPORTED' }])
      }
    }
    await client.say({ type: 'presence', ref: ++ref, channel: '@grace', action: 'watch' })
    expect(client.answer(ref)).toMatchObject({ code: 'UNKNOWN_CHANNEL' })
  })

  test('has nothing to do with subscribing: both begin and end apart (§3.9)', async () => {
    const { connected } = world()
    const [client, other] = [await connected(), await connected()]
    await client.say({ type: 'presence', ref: 1, channel: 'a', action: 'watch' })
    await other.subscribe({ channel: 'a', generation: 1 })
    await other.publish('a', 1)
    expect(client.heard.map(({ type }) => type)).toEqual(['connected', 'reply'])
    await other.say({ type: 'presence', ref: 91, channel: 'a', action: 'enter' })
    await other.say({ type: 'unsubscribe', channel: 'a', generation: 1 })
    expect(client.heard.slice(2).map(({ type }) => type)).toEqual(['join'])
    expect(other.all('join')).toEqual([])
  })

  test('has positions that its log knows nothing of (§3.9)', async () => {
    const { connected } = world()
    const client = await connected()
    await client.publish('a', 1)
    await client.publish('a', 2)
    await client.say({ type: 'presence', ref: 91, channel: 'a', action: 'get' })
    expect(client.answer(91)).toEqual({ type: 'reply', ref: 91, position: NULL_POSITION, count: 0, members: [] })
    await client.say({ type: 'presence', ref: 92, channel: 'a', action: 'enter' })
    expect(client.answer(92)).toMatchObject({ position: { offset: 1 } })
    expect(await client.publish('a', 3)).toMatchObject({ position: { offset: 3 } })
  })
})

describe('what is sent at most once', () => {
  test('is answered by nothing, whatever is wrong with it, and the link lives (§3.4)', async () => {
    const { server, connected } = world({ rules: false, personal: true })
    server.channel('closed', { subscribe: true })
    server.channel('small', { publish: true, log: { bytes: 10 } })
    const client = await connected()
    const send = { type: 'send', id: 's', data: 'x'.repeat(100) } as const
    for (const channel of ['closed', 'small', 'nobody:knows', '@', '@ada']) await client.say({ ...send, channel })
    expect([client.heard.length, client.end]).toEqual([1, undefined])
  })

  test('is stored each time it arrives, for nothing tells a repeat (§3.4)', async () => {
    const { connected, server } = world()
    const client = await connected()
    for (let i = 0; i < 2; i++) await client.say({ type: 'send', channel: 'a', id: 'same', data: 1 })
    expect((await server.history('a')).publications.map(({ id, offset }) => [id, offset])).toEqual([
      ['same', 1],
      ['same', 2],
    ])
  })
})
