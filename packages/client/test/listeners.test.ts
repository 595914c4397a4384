import { describe, expect, test } from 'vitest'
import { settled } from './support/settled.js'
import { World } from './support/world.js'

describe('a listener that throws', () => {
  test('stops neither the others nor the client, and is told by the error event', async () => {
    const world = new World()
    const room = world.client.channel('room')
    const heard: unknown[] = []
    const errors: unknown[] = []
    world.client.on('error', ({ error }) => errors.push(error))
    world.client.on('state', () => {
      throw new Error('state')
    })
    room.on('message', () => {
      throw new Error('message')
    })
    room.on('message', ({ offset }) => heard.push(offset))
    const link = await world.connect()
    link.subscribed('room', 'e', 0)
    link.publish('room', 'e', 1, 2)
    expect(heard).toEqual([1, 2])
    expect(room.position?.offset).toBe(2)
    expect(errors).toEqual(['state', 'state', 'message', 'message'].map((each) => new Error(each)))
  })

  test('is logged when nobody listens for errors', async () => {
    const logged: unknown[] = []
    const world = new World({ logger: { error: (_, error) => logged.push(error) } })
    world.client.on('connected', () => {
      throw new Error('mine')
    })
    await world.connect()
    expect(logged).toEqual([new Error('mine')])
  })

  test('in the error event ends there', async () => {
    const world = new World()
    const fail = () => {
      throw new Error('again')
    }
    world.client.on('error', fail)
    world.client.on('connected', fail)
    await world.connect()
    expect(world.client.state.status).toBe('connected')
  })
})

describe('what a listener does', () => {
  test('waits until the change it heard of is complete', async () => {
    const world = new World()
    const room = world.client.channel('room')
    const order: string[] = []
    room.on('message', ({ offset }) => {
      if (offset === 1) world.link.publish('room', 'e', 2)
      order.push(`a${offset}`)
    })
    room.on('message', ({ offset }) => order.push(`b${offset}`))
    const link = await world.connect()
    link.subscribed('room', 'e', 0)
    link.publish('room', 'e', 1)
    expect(order).toEqual(['a1', 'b1', 'a2', 'b2'])
  })

  test('close() inside a listener closes', async () => {
    const world = new World()
    world.client.on('connected', () => void world.client.close())
    const link = await world.connect()
    expect(world.client.state.status).toBe('closed')
    expect(link.of('goodbye')).toHaveLength(1)
  })

  test('connect() inside a state listener makes no loop', async () => {
    const world = new World()
    world.client.on('state', () => world.client.connect())
    world.client.connect()
    for (let i = 0; i < 10; i++) {
      world.link.end()
      await world.clock.advance(100)
    }
    expect(world.links).toHaveLength(11)
    const gaps = world.links.slice(1).map((link, i) => link.dialledAt - (world.links[i]?.dialledAt ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100)
  })
})

describe('on()', () => {
  test('returns off; one function registered twice is two listeners', async () => {
    const world = new World()
    let calls = 0
    const listener = () => calls++
    const off = world.client.on('connected', listener)
    world.client.on('connected', listener)
    off()
    off()
    await world.connect()
    expect(calls).toBe(1)
  })

  test('a listener taken away by an earlier one is not called any more', async () => {
    const world = new World()
    let calls = 0
    world.client.on('connected', () => off())
    const off = world.client.on('connected', () => calls++)
    await world.connect()
    expect(calls).toBe(0)
  })

  test('ends with its signal', async () => {
    const world = new World()
    const controller = new AbortController()
    let calls = 0
    world.client.on('connected', () => calls++, { signal: controller.signal })
    world.client.on('connected', () => calls++, { signal: AbortSignal.abort() })
    controller.abort()
    await world.connect()
    expect(calls).toBe(0)
  })
})

describe('after close()', () => {
  test('no listener is called any more, except with the end itself', async () => {
    const world = new World()
    const link = await world.connect()
    const room = world.client.channel('room')
    const heard: string[] = []
    room.on('message', ({ offset }) => {
      heard.push(`message ${offset}`)
      if (offset === 1) void world.client.close()
    })
    room.on('message', () => heard.push('another'))
    world.client.on('state', ({ status }) => heard.push(status))
    room.on('state', ({ status }) => heard.push(status))
    link.subscribed('room', 'e', 0)
    link.publish('room', 'e', 1, 2)
    expect(heard).toEqual(['subscribed', 'message 1', 'closed', 'unsubscribed'])
  })

  test('a token source that fails late is not told', async () => {
    let fail = (_: Error) => {}
    const world = new World({ token: () => new Promise((_, reject) => (fail = reject)) })
    const heard: unknown[] = []
    world.client.on('error', (fault) => heard.push(fault))
    world.client.connect()
    await world.client.close()
    fail(new Error('aborted'))
    await settled()
    expect(heard).toEqual([])
  })
})
