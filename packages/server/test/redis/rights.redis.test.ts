import { readFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { startCluster, startRedis } from '../../../../scripts/lib/redis-servers.mjs'
import { redis, type RedisBackendOptions } from '../../src/redis.js'
import { BACKEND_LIBRARIES } from '../../src/redis/redis-backend.js'
import { LINE } from '../../src/redis/functions/line.js'
import { deafNode } from '../../src/testing/index.js'
import { eventually } from './support/stores.js'

const guide = readFileSync(new URL('../../../../docs/guide/redis.md', import.meta.url), 'utf8')
const rules = /ACL SETUSER realtime (.+)/.exec(guide)?.[1]?.split(' ') ?? []
const inCluster = /In a Cluster, instead of .*?: `([^`]+)`/.exec(guide)?.[1]?.split(' ') ?? []

const RETENTION = { messages: 10, ageMs: 60_000, bytes: 100_000, ttlMs: 60_000 }

/** Everything a node asks of Redis, once, as a user of Redis. */
async function used(options: RedisBackendOptions): Promise<void> {
  const heard: string[] = []
  const node = redis({ ...options, keyPrefix: 'shop:', username: 'realtime', password: 'password' }).join({
    ...deafNode,
    deliver: (_channel, _epoch, publications) => void heard.push(...publications.map(({ payload }) => payload)),
    presenceChanged: (_channel, { kind }) => void heard.push(kind),
  })
  onTestFinished(() => node.close())
  const { broker, sessions, presence, control } = node
  const message = { channel: 'room', payload: '1', retention: RETENTION }
  await broker.subscribe('room')
  await presence.watch('room')
  await broker.publish({ ...message, id: 'a', key: 'k', number: { producer: 'p', seq: 1, lowest: 1 } })
  await broker.publish({ ...message, id: 'b', retention: { ...RETENTION, messages: 1, bytes: 1 } })
  await broker.relay('room', { offset: 0, id: 'c', at: 1, payload: '2' })
  await broker.recover('room', 'start', 10)
  await broker.recover('room', { last: 1 }, 10)
  await broker.history('room', { limit: 10 })
  const claim = await sessions.claim({ newId: 's', user: 'u', nextDigest: 'd' })
  await sessions.confirm('s', claim.owner)
  await sessions.keep({ id: 's', owner: claim.owner, number: 1 }, { subscriptions: ['room'], attributes: '{}' })
  const again = await sessions.claim({ newId: 't', user: 'u', nextDigest: 'e', resume: { id: 's', digest: 'd' } })
  expect(again.resumed).toBe(true)
  await sessions.renew([{ id: 's', owner: again.owner, user: 'u', digest: 'e', number: 1 }])
  await sessions.release('s', again.owner)
  await presence.enter('room', { session: 's', user: 'u', owner: 1, number: 1 }, 60_000)
  await presence.list('room', 10)
  await presence.renew([{ channel: 'room', members: [{ session: 's', owner: 1 }] }], 1)
  await presence.enter('room', { session: 't', user: 'u', owner: 1, number: 1 }, 60_000)
  await presence.leave('room', { session: 't', owner: 1, number: 2 }, 1_000)
  await presence.reap(['room'])
  await control.broadcast('word')
  await control.others()
  await presence.unwatch('room')
  await broker.unsubscribe('room')
  await eventually(() => heard.includes('2') && heard.includes('join') && heard.includes('leave'))
}

it('the guide names the commands that our functions call, and no other', () => {
  const commands = [...new Set([LINE, ...BACKEND_LIBRARIES].flatMap((library) => library.commands))]
    .filter((command) => command !== 'info')
    .sort()
  const given = rules.slice(rules.indexOf('+unsubscribe') + 1)
  expect(given).toEqual(commands.map((command) => `+${command}`))
})

it('a user with the rights of the guide can do all that a node does, on one Redis', async () => {
  const server = await startRedis()
  onTestFinished(() => server.stop())
  await server.command('ACL', 'SETUSER', 'realtime', ...rules)
  await used({ url: server.url })
  await expect(server.command('ACL', 'LOG')).resolves.toEqual([])
})

it('a user with the rights of the guide can do all that a node does, in a Cluster', async () => {
  const servers = await startCluster()
  onTestFinished(async () => void (await Promise.all(servers.map((server) => server.stop()))))
  const classic = ['+publish', '+subscribe', '+unsubscribe']
  const own = [...rules.filter((rule) => !classic.includes(rule)), ...inCluster]
  for (const server of servers) await server.command('ACL', 'SETUSER', 'realtime', ...own)
  await used({ cluster: servers.map(({ url }) => url) })
  for (const server of servers) await expect(server.command('ACL', 'LOG')).resolves.toEqual([])
})
