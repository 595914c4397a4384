import type { PresenceList } from '@org/realtime-client'
import type { ServerOptions } from '@org/realtime-server'
import { expect, test } from 'vitest'
import { Pair } from '../limits/pair.js'

/** Users are who their token says. */
const users: ServerOptions = { authenticate: ({ token }) => ({ user: token ? { id: token } : null }) }

test('client and server call each other, with errors, signals and times', async () => {
  const pair = new Pair(users)
  const aborted: string[] = []
  pair.server.method('double', (input) => Number(input) * 2)
  pair.server.method(
    'wait',
    (_, { signal }) => new Promise(() => signal.addEventListener('abort', () => aborted.push('server'))),
  )
  const client = pair.client('ada', undefined, { token: 'ada' })
  client.method('confirm', (input) => `yes, ${String(input)}`)
  client.method(
    'wait',
    (_, { signal }) => new Promise(() => signal.addEventListener('abort', () => aborted.push('client'))),
  )
  const heard: unknown[] = []
  const note = (error: unknown) => void heard.push((error as { code: string }).code)
  const controller = new AbortController()
  void client.call('double', 21).then((answer) => heard.push(answer))
  void client.call('triple').catch(note)
  void client.call('wait', 1, { timeoutMs: 1_000 }).catch(note)
  void client.call('wait', 1, { signal: controller.signal }).catch(note)
  await pair.time.runUntil(500)
  controller.abort()
  await pair.time.runUntil(2_000)
  expect(heard).toEqual([42, 'UNKNOWN_METHOD', 'ABORTED', 'UNKNOWN_OUTCOME'])
  expect(aborted).toEqual(['server', 'server'])
  void pair.server.call({ user: 'ada' }, 'confirm', 'Ada').then((answer) => heard.push(answer))
  void pair.server.call({ user: 'ada' }, 'wait', 1, { timeoutMs: 1_000 }).catch(note)
  void pair.server.call({ user: 'bob' }, 'confirm').catch(note)
  await pair.time.runUntil(4_000)
  expect(heard.slice(4).sort()).toEqual(['NOT_CONNECTED', 'UNKNOWN_OUTCOME', 'yes, Ada'])
  expect(aborted).toEqual(['server', 'server', 'client'])
})

test('members come and go, by user, and a link that breaks within the grace is not seen', async () => {
  const pair = new Pair(users, { presence: true })
  const watcher = pair.client('watcher')
  const heard: string[] = []
  let list: PresenceList | undefined
  const hall = watcher.channel('hall')
  hall.on('join', ({ user }) => heard.push(`+${user}`))
  hall.on('leave', ({ user }) => heard.push(`-${user}`))
  hall.on('presence', (present) => (list = present))
  const [laptop, phone, bob] = ['laptop', 'phone', 'bob'].map((name) =>
    pair.client(name, undefined, { token: name === 'bob' ? 'bob' : 'ada' }),
  )
  await pair.time.runUntil(1_000)
  expect(list).toEqual({ count: 0, members: [] })
  await Promise.all([
    laptop?.channel('hall').presence.enter({ on: 'laptop' }),
    phone?.channel('hall').presence.enter({ on: 'phone' }),
    bob?.channel('hall').presence.enter({ on: 'desk' }),
    pair.time.runUntil(2_000),
  ])
  expect(heard.sort()).toEqual(['+ada', '+bob'])
  expect(list?.count).toBe(3)
  heard.length = 0
  await Promise.all([phone?.close(), pair.time.runUntil(3_000)])
  expect(heard).toEqual([])
  expect(list).toMatchObject({ count: 2 })
  await Promise.all([bob?.channel('hall').presence.leave(), pair.time.runUntil(4_000)])
  expect(heard).toEqual(['-bob'])
  expect(list?.members).toMatchObject([{ user: 'ada', data: { on: 'laptop' } }])
  expect(pair.server.connections).toBe(3)
})

test('what is personal reaches the user, what is sent reaches who listens, and a log out of reach is told', async () => {
  const pair = new Pair({ ...users, personal: true })
  const ada = pair.client('ada', undefined, { token: 'ada' })
  const bob = pair.client('bob', undefined, { token: 'bob' })
  const heard: unknown[] = []
  for (const [name, client] of [
    ['ada', ada],
    ['bob', bob],
  ] as const) {
    client.personal.on('message', ({ data }) => heard.push([name, 'personal', data]))
    client.channel('room').on('message', ({ data }) => heard.push([name, 'room', data]))
    client.on('state', ({ degraded }) => degraded && heard.push([name, 'degraded']))
  }
  await pair.time.runUntil(1_000)
  void pair.server.publishToUser('ada', 'for you')
  await pair.time.runUntil(2_000)
  expect(heard).toEqual([['ada', 'personal', 'for you']])
  heard.length = 0
  ada.channel('room').send('typing')
  await pair.time.runUntil(3_000)
  expect(heard.map(String).sort()).toEqual(['ada,room,typing', 'bob,room,typing'])
  heard.length = 0
  pair.backend.setDegraded(true)
  await pair.time.runUntil(4_000)
  expect(heard.map(String).sort()).toEqual(['ada,degraded', 'bob,degraded'])
  pair.backend.setDegraded(false)
  await pair.time.runUntil(5_000)
  expect(ada.state).toMatchObject({ status: 'connected', degraded: false })
})

test('a token that will expire is renewed on the running link', async () => {
  const pair: Pair = new Pair({
    authenticate: () => ({ user: { id: 'ada' }, expiresAt: pair.date() + 60_000 }),
  })
  const reasons: string[] = []
  const client = pair.client('ada', undefined, {
    token: ({ reason }) => {
      reasons.push(reason)
      return 'token'
    },
  })
  client.connect()
  await pair.time.runUntil(200_000)
  expect(reasons.length).toBeGreaterThan(3)
  expect(new Set(reasons.slice(1))).toEqual(new Set(['expired']))
  expect(pair.ends).toEqual([])
})
