import { expect, test } from 'vitest'
import { World } from './support/world.js'

test('the state says when the server cannot reach its logs, from connected on and when it changes', async () => {
  const world = new World()
  const heard: unknown[] = []
  world.client.on('state', ({ status, degraded }) => heard.push([status, degraded]))
  const link = await world.connect({ degraded: true })
  expect(world.client.state.degraded).toBe(true)
  link.say({ type: 'state', degraded: true }, { type: 'state', degraded: false })
  expect(heard).toEqual([
    ['connecting', false],
    ['connected', true],
    ['connected', false],
  ])
  link.say({ type: 'state', degraded: true })
  await world.reconnect()
  expect(world.client.state.degraded).toBe(false)
})
