import { CLOSE_CODES } from '@org/realtime-protocol'
import type { ServerOptions } from '@org/realtime-server'
import { expect, test } from 'vitest'
import { Attacker } from '../../src/fuzz/attacker.js'
import { Chance } from '../../src/sim/chance.js'
import { Stage } from './stage.js'

/** Tokens are names here. */
const named: ServerOptions['authenticate'] = ({ token }) =>
  token ? { user: { id: token }, hello: `hello-${token}` } : null

test('what is meant for one user never reaches a link of another, through links that break, slow ones and resumes', async () => {
  const stage = new Stage({ authenticate: named, personal: true })
  stage.server.channel('own:{user}', {
    subscribe: ({ user }, { user: owner }) => user?.id === owner,
    publish: ({ user }, { user: owner }) => user?.id === owner,
    presence: true,
  })
  stage.server.channel('all', { subscribe: true, publish: true })
  const chance = new Chance(7, 'two users')
  const users = ['ada', 'bea', 'cyd'].map((name) => {
    const client = stage.client({ token: name })
    const own: unknown[] = []
    const personal: unknown[] = []
    client.channel(`own:${name}`).on('message', ({ data }) => own.push(data))
    client.personal.on('message', ({ data }) => personal.push(data))
    client.channel('all').on('message', () => undefined)
    // They try the others' doors as well.
    for (const other of ['ada', 'bea', 'cyd']) client.channel(`own:${other}`).on('message', () => undefined)
    return { name, client, own, personal, published: 0, sent: 0 }
  })
  await stage.pass(200)

  for (let round = 0; round < 300; round++) {
    const user = chance.pick(users)
    const canary = `secret-of-${user.name}`
    if (chance.happens(0.3)) stage.cut(user.client)
    if (chance.happens(0.5)) {
      user.published += 1
      void user.client.channel(`own:${user.name}`).publish({ canary, n: user.published })
    }
    if (chance.happens(0.5)) {
      user.sent += 1
      void stage.server.publishToUser(user.name, { canary, n: user.sent, filler: 'x'.repeat(chance.index(4_000)) })
    }
    if (chance.happens(0.3)) void user.client.channel(`own:${user.name}`).presence.enter({ canary })
    // The same bytes for everybody, among those that are not.
    if (chance.happens(0.5)) void stage.server.publish('all', { n: round })
    await stage.pass(chance.index(400))
  }
  await stage.pass(60_000)

  for (const { name, client, own, personal, published, sent } of users) {
    const heard = stage.heardBy(client)
    expect(stage.links(client).length).toBeGreaterThan(5)
    expect(heard).toContain(`secret-of-${name}`)
    for (const other of users) {
      if (other.name === name) continue
      expect(heard).not.toContain(`secret-of-${other.name}`)
      expect(heard).not.toContain(`hello-${other.name}`)
    }
    // And nothing of their own is missing.
    const numbers = (list: unknown[]) => list.map((data) => (data as { n: number }).n)
    expect(numbers(own)).toEqual(Array.from({ length: published }, (_, i) => i + 1))
    expect(numbers(personal)).toEqual(Array.from({ length: sent }, (_, i) => i + 1))
  }
})

test('a user who is banned while away gets nothing of what was said since, nor one whose right was taken', async () => {
  const banned = new Set<string>()
  const shut = new Set<string>()
  const stage = new Stage({
    authenticate: (credentials) => (banned.has(credentials.token ?? '') ? null : named(credentials)),
  })
  stage.server.channel('room', { subscribe: ({ user }) => !shut.has(user?.id ?? ''), publish: true })
  const clients = ['ada', 'bea'].map((token) => {
    const client = stage.client({ token })
    client.channel('room').on('message', () => undefined)
    return client
  })
  await stage.pass(100)
  await stage.server.publish('room', 'before')
  await stage.pass(100)
  for (const client of clients) stage.cut(client)
  banned.add('ada')
  shut.add('bea')
  await stage.pass(20)
  await stage.server.publish('room', 'after')
  await stage.pass(60_000)
  await stage.server.publish('room', 'later')
  await stage.pass(10_000)
  for (const client of clients) {
    expect(stage.links(client).length).toBeGreaterThan(1)
    expect(stage.heardBy(client)).toContain('before')
    expect(stage.heardBy(client)).not.toMatch(/after|later/)
  }
  expect(clients.map(({ state }) => state.status)).toEqual(['closed', 'connected'])
})

test('of any number of links that resume one session at once, one has it, and the others are closed with 4002', async () => {
  const stage = new Stage({ authenticate: named })
  const link = (name: number, connect: object) => {
    const peer = new Attacker(stage.time, stage.server, name)
    const frames: Array<{ type: string; resumed?: boolean; session?: { id: string; token: string } }> = []
    peer.heard = (text) => void frames.push(JSON.parse(text) as (typeof frames)[number])
    peer.say(JSON.stringify({ type: 'connect', producer: 'p'.repeat(22), token: 'ada', ...connect }))
    return { peer, frames }
  }
  for (let round = 0; round < 20; round++) {
    const first = link(round * 100, {})
    await stage.pass(10)
    const { session } = first.frames[0] ?? {}
    first.peer.terminate()
    await stage.pass(10)
    const rivals = Array.from({ length: 10 }, (_, i) => link(round * 100 + i + 1, { session }))
    await stage.pass(100)
    const holders = rivals.filter(({ peer, frames }) => !peer.end && frames[0]?.session?.id === session?.id)
    expect(holders).toHaveLength(1)
    const ended = rivals.flatMap(({ peer }) => peer.end?.code ?? [])
    expect(new Set(ended)).toEqual(new Set([CLOSE_CODES.SUPERSEDED.code]))
    const tokens = rivals.flatMap(({ frames }) => frames[0]?.session?.token ?? [])
    expect(new Set(tokens).size).toBe(tokens.length)

    // Whoever has the session has shown its new token: the old one, and those of the losers, are worth nothing now.
    holders[0]?.peer.say('{"type":"ping"}')
    await stage.pass(10)
    const stolen = tokens.filter((token) => token !== holders[0]?.frames[0]?.session?.token)
    for (const token of [session?.token, ...stolen]) {
      const thief = link(round * 100 + 50, { session: { id: session?.id, token } })
      await stage.pass(10)
      expect(thief.frames[0]).toMatchObject({ type: 'connected', resumed: false })
      thief.peer.terminate()
    }
    expect(holders[0]?.peer.end).toBeUndefined()
    holders[0]?.peer.terminate()
    await stage.pass(10)
  }
})

test('the id of a session, which others see, is no right: nothing is resumed with it alone', async () => {
  const stage = new Stage({ authenticate: named })
  const ada = stage.client({ token: 'ada' })
  await stage.pass(100)
  const connected = JSON.parse(stage.links(ada)[0]?.texts[0] ?? '{}') as { session: { id: string; token: string } }
  const { id, token: right } = connected.session
  for (const token of [id, id + id, 'x'.repeat(right.length), right.slice(0, -1), `${right}x`, right.toLowerCase()]) {
    const thief = new Attacker(stage.time, stage.server, 1)
    const heard: unknown[] = []
    thief.heard = (text) => heard.push((JSON.parse(text) as { resumed: boolean }).resumed)
    const connect = { type: 'connect', producer: 'p'.repeat(22), token: 'ada', session: { id, token } }
    thief.say(JSON.stringify(connect))
    await stage.pass(100)
    expect(heard).toEqual([false])
    thief.terminate()
  }
  expect(stage.links(ada)).toHaveLength(1)
  expect(ada.state.status).toBe('connected')
})
