import { expect, test } from 'vitest'
import { world } from '../support/world.js'

test('links are told when the log is out of reach and when it is back, once each, and new ones with connected', async () => {
  const { backend, clock, connected, server, logger } = world()
  const [before, waiting] = [await connected(), world().link()]
  backend.setDegraded(true)
  backend.setDegraded(true)
  await clock.settle()
  const during = await connected()
  expect(before.only('connected')).not.toHaveProperty('degraded')
  expect(during.only('connected').degraded).toBe(true)
  expect(server.health.status).toBe('degraded')
  backend.setDegraded(false)
  await clock.settle()
  expect(before.all('state').map(({ degraded }) => degraded)).toEqual([true, false])
  expect(during.all('state').map(({ degraded }) => degraded)).toEqual([false])
  expect((await connected()).only('connected')).not.toHaveProperty('degraded')
  expect(waiting.heard).toEqual([])
  expect(server.health.status).toBe('ok')
  expect(logger.lines.map(({ level, message }) => [level, message])).toEqual(
    expect.arrayContaining([
      ['warn', 'the log cannot be reached'],
      ['info', 'the log can be reached again'],
    ]),
  )
})

test('a node that joins while the log is out of reach says so from its first link on', async () => {
  const { backend, connected, node } = world()
  backend.setDegraded(true)
  expect((await connected(node())).only('connected').degraded).toBe(true)
})

test('requests fail with UNAVAILABLE, and links, subscriptions and calls stay', async () => {
  const { backend, clock, connected, server } = world()
  server.channel('p', { subscribe: true, presence: true })
  server.method('m', () => 'done')
  const client = await connected()
  await client.subscribe({ channel: 'c', generation: 1 })
  backend.setDegraded(true)
  expect(await client.publish('c', 1)).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  await client.say({ type: 'presence', ref: 50, channel: 'p', action: 'enter' })
  expect(client.answer(50)).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  await expect(server.publish('c', 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await expect(server.history('c')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await client.say({ type: 'call', ref: 51, method: 'm' })
  expect(client.only('result')).toMatchObject({ ref: 51, data: 'done' })
  await clock.advance(600_000)
  expect(client.all('unsubscribed')).toEqual([])
})

test('subscribers wait and lose nothing: those who were there, and those who came meanwhile', async () => {
  const { backend, clock, connected, node, server } = world()
  const there = await connected()
  await there.subscribe({ channel: 'c', generation: 1 })
  await server.publish('c', 1)
  backend.setDegraded(true)
  const meanwhile = await connected(node())
  await meanwhile.subscribe({ channel: 'c', generation: 1, since: 'start' })
  await clock.advance(5_000)
  expect(meanwhile.all('subscribed')).toEqual([])
  backend.setDegraded(false)
  await server.publish('c', 2)
  await clock.advance(5_000)
  expect([there.offsets(), meanwhile.offsets()]).toEqual([
    [1, 2],
    [1, 2],
  ])
  expect([...there.all('gap'), ...meanwhile.all('gap')]).toEqual([])
})

test('what fails while the log is out of reach is an error once a minute for each operation, and detail in between', async () => {
  const { backend, clock, logger, server } = world()
  backend.setDegraded(true)
  const operations = (level: 'error' | 'debug') =>
    logger.lines.filter((line) => line.level === level).flatMap(({ fields }) => fields?.['operation'] ?? [])
  const fail = async () => {
    await expect(server.publish('c', 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(server.history('c')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  }
  for (let i = 0; i < 100; i++) await fail()
  expect(operations('error')).toEqual(['publish', 'history'])
  expect(operations('debug')).toHaveLength(198)
  await clock.advance(60_000)
  await fail()
  expect(operations('error')).toEqual(['publish', 'history', 'publish', 'history'])
})
