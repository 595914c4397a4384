import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, test } from 'vitest'
import { startRedis, type RedisServer } from '../../../../scripts/lib/redis-servers.mjs'
import { textOf } from '../docs/pages.js'
import { answered, guest, servers } from './around.js'
import { startBalancer } from './balancer.js'
import { HAPROXY } from './haproxy.js'
import { NGINX } from './nginx.js'

let store: RedisServer
beforeAll(async () => void (store = await startRedis()))
afterAll(() => store.stop())

test('whoever comes to an HAProxy while a server is stopped, as the guide stops it, or when it is gone, is let in by the other one', async (context) => {
  const { expect } = context
  const { a, ports, die } = await servers(context, store)
  const { url } = await startBalancer(context, HAPROXY, ports)
  const first = [guest(context, url), guest(context, url)]
  await Promise.all(first.map(({ room }) => room.ready()))
  expect(first.flatMap(({ nodes }) => nodes).sort()).toEqual(['a', 'b'])

  const [, lbDelay = ''] = /lbDelayMs: ([\d_]+)/.exec(textOf('docs/guide/scaling-out.md')) ?? []
  let isStopped = false
  const stopped = a
    .close({ lbDelayMs: Number(lbDelay.replace('_', '')), drainMs: 1_000 })
    .then(() => (isStopped = true))
  const statuses: unknown[] = []
  while (!isStopped) {
    statuses.push(await answered(context, url))
    await sleep(50)
  }
  await stopped
  await die()
  for (let n = 0; n < 4; n++) statuses.push(await answered(context, url))
  expect(statuses.length).toBeGreaterThan(20)
  expect(new Set(statuses)).toEqual(new Set([101]))
  for (const { room } of first) await room.publish('still here')
  expect(first.flatMap(({ nodes }) => nodes).sort()).toEqual(['a', 'b', 'b'])
})

test('whoever comes to an nginx for a server that is stopped, or gone, is given to the other one at once', async (context) => {
  const { expect } = context
  const { a, ports, die } = await servers(context, store)
  const { url } = await startBalancer(context, NGINX, ports)
  const first = [guest(context, url), guest(context, url)]
  await Promise.all(first.map(({ room }) => room.ready()))
  expect(first.flatMap(({ nodes }) => nodes).sort()).toEqual(['a', 'b'])

  const come = async () => {
    const statuses: unknown[] = []
    for (let n = 0; n < 4; n++) statuses.push(await answered(context, url))
    return statuses
  }
  const stopped = a.close({ lbDelayMs: 0, drainMs: 1_000 })
  expect(await come()).toEqual([101, 101, 101, 101])
  await stopped
  for (const { room } of first) await room.publish('still here')
  expect(first.flatMap(({ nodes }) => nodes).sort()).toEqual(['a', 'b', 'b'])
  await die()
  expect(await come()).toEqual([101, 101, 101, 101])
})
