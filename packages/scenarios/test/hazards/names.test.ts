import { contract, memory, RealtimeServer } from '@org/realtime-server'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { Stage } from './stage.js'

/** Names that mean something to JavaScript. */
const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']

const before = Object.getOwnPropertyNames(Object.prototype)
afterEach(() => {
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
  expect(Object.keys({})).toEqual([])
})

test('names of JavaScript are names like any other: of channels, users, methods, fields and members', async () => {
  const stage = new Stage({
    personal: true,
    authenticate: ({ token }) => ({ user: { id: token ?? 'nobody' } }),
  })
  stage.server.channel('{name}', { subscribe: true, publish: true, presence: true })
  stage.server.channel('room:{name}', { subscribe: (_, { name }) => name !== 'closed', publish: true })
  const poison = JSON.parse('{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}') as object

  for (const name of NAMES) {
    const client = stage.client({ token: name })
    const heard: unknown[] = []
    const [bare, room] = [client.channel(name), client.channel(`room:${name}`)]
    for (const channel of [bare, room, client.personal]) channel.on('message', ({ data }) => heard.push(data))
    await stage.pass(100)
    const published = [bare.publish(poison), room.publish({ [name]: name })]
    await stage.pass(100)
    await Promise.all(published)
    await stage.server.publishToUser(name, name)
    const entered = bare.presence.enter(poison)
    await stage.pass(100)
    await entered
    expect(heard).toHaveLength(3)
    expect(JSON.stringify(heard[0])).toBe(JSON.stringify(poison))
    expect(heard[2]).toBe(name)
    const { members } = await stage.server.presence(name)
    expect(members?.map(({ user }) => user)).toEqual([name])

    // A method that nobody declared is not the one that every object has.
    const called = client.call(name, {}).catch((error: unknown) => error)
    await stage.pass(100)
    expect(await called).toMatchObject({ code: 'UNKNOWN_METHOD' })
    void client.close()
    await stage.pass(100)
  }
  expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined()
})

test('a contract knows the channels and methods it names, and no others', async () => {
  const words = contract({
    channels: { news: { message: z.string() } },
    methods: { ask: { input: z.string(), output: z.string() } },
  })
  const server = new RealtimeServer(words, { backend: memory() })
  for (const name of NAMES) {
    await expect(server.publish(name as 'news', 'text')).rejects.toMatchObject({ code: 'UNKNOWN_CHANNEL' })
    expect(() => server.method(name as 'ask', () => 'text')).toThrow(TypeError)
  }
  await server.close()
})
