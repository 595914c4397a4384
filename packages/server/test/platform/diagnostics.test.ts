import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, expect, test } from 'vitest'
import { world } from '../support/world.js'

const stops: Array<() => void> = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

function listen(name: string): unknown[] {
  const heard: unknown[] = []
  const take = (event: unknown): void => void heard.push(event)
  subscribe(`realtime:${name}`, take)
  stops.push(() => unsubscribe(`realtime:${name}`, take))
  return heard
}

test('diagnostics channels tell of links, subscriptions, publishes and refusals', async () => {
  const names = ['connect', 'disconnect', 'subscribe', 'publish', 'limited']
  const heard = Object.fromEntries(names.map((name) => [name, listen(name)]))
  const { connected, server, clock } = world({ limits: { channels: 1 } })
  const client = await connected()
  await client.subscribe({ channel: 'c', generation: 1 })
  await client.subscribe({ channel: 'd', generation: 1 })
  const { id } = await server.publish('c', { secret: 'stays here' }, { meta: { traceparent: '00-a-b-01' } })
  await clock.settle()
  await client.cut()
  expect(heard['connect']).toEqual([expect.objectContaining({ user: null, resumed: false, peer: '192.0.2.1' })])
  expect(heard['subscribe']).toEqual([expect.objectContaining({ channel: 'c' })])
  expect(heard['publish']).toEqual([
    expect.objectContaining({
      channel: 'c',
      id,
      meta: { traceparent: '00-a-b-01' },
      ms: 0,
      outcome: expect.objectContaining({ kind: 'stored' }) as unknown,
    }),
  ])
  expect(JSON.stringify(heard['publish'])).not.toContain('stays here')
  expect(heard['limited']).toEqual([expect.objectContaining({ limit: 'channels' })])
  expect(heard['disconnect']).toEqual([expect.objectContaining({ code: 1006 })])
})
