import { describe, expect, test } from 'vitest'
import { RealtimeError, type TokenRequest } from '../src/index.js'
import { settled } from './support/settled.js'
import { outcome, World } from './support/world.js'

/** A world whose tokens are `t1`, `t2` … unless a test answers otherwise. */
function asking(answer?: (count: number) => string | null | Promise<string | null>) {
  const asked: TokenRequest[] = []
  const world = new World({
    token: (request) => {
      asked.push(request)
      return answer ? answer(asked.length) : `t${asked.length}`
    },
  })
  const reasons = () => asked.map(({ reason }) => reason)
  return { world, asked, reasons }
}

test('a fixed token is sent with each connect', async () => {
  const world = new World({ token: 'secret' })
  await world.connect()
  await world.reconnect()
  expect(world.links.map((link) => link.last('connect').token)).toEqual(['secret', 'secret'])
})

test('a fixed token that is rejected ends the client', async () => {
  const world = new World({ token: 'secret' })
  world.client.connect()
  world.link.end(4500, 'no')
  expect(world.client.state).toMatchObject({
    status: 'closed',
    closeCode: 4500,
    error: { code: 'UNAUTHORIZED', closeCode: 4500 },
  })
  expect(await outcome(world.client.channel('room').publish(1))).toBe('UNAUTHORIZED')
})

describe('a token source', () => {
  test('is asked before the first dial, and its answer is used again', async () => {
    const { world, reasons } = asking()
    world.client.connect()
    expect(world.links).toHaveLength(0)
    await settled()
    world.link.accept()
    await world.reconnect()
    expect(reasons()).toEqual(['connect'])
    expect(world.links.map((link) => link.last('connect').token)).toEqual(['t1', 't1'])
  })

  test('is asked again when the token has expired, also during a sleep', async () => {
    const { world, reasons } = asking()
    await world.connect({ expiresInMs: 60_000 })
    await world.reconnect({ expiresInMs: 60_000 })
    expect(reasons()).toEqual(['connect'])
    world.clock.suspend(60_000)
    await world.reconnect()
    expect(reasons()).toEqual(['connect', 'expired'])
    expect(world.link.last('connect').token).toBe('t2')
  })

  test('is asked again when the token was rejected, after the back-off', async () => {
    const { world, reasons } = asking()
    await world.connect()
    world.link.say({ type: 'closing', code: 4500, reason: 'expired' })
    world.link.end(1006)
    expect(reasons()).toEqual(['connect'])
    await world.clock.advance(350)
    expect(reasons()).toEqual(['connect', 'rejected'])
    expect(world.link.accept().last('connect').token).toBe('t2')
  })

  test('whose fresh tokens are rejected twice in a row ends the client', async () => {
    const { world, reasons } = asking()
    world.client.connect()
    await settled()
    world.link.end(4500)
    await world.clock.advance(1_000)
    expect(world.client.state.status).toBe('connecting')
    world.link.end(4500)
    expect(world.client.state).toMatchObject({ status: 'closed', error: { code: 'UNAUTHORIZED' } })
    expect(reasons()).toEqual(['connect', 'rejected'])
  })

  test('may fail twice with a connection in between', async () => {
    const { world } = asking()
    world.client.connect()
    await settled()
    for (let i = 0; i < 3; i++) {
      world.link.end(4500)
      await world.clock.advance(world.client.state.retryInMs ?? 0)
      world.link.accept()
    }
    expect(world.client.state.status).toBe('connected')
  })

  test.each([
    ['null', () => null],
    ['an UNAUTHORIZED error', () => Promise.reject(new RealtimeError('UNAUTHORIZED'))],
  ])('that answers with %s ends the client', async (_, answer) => {
    const { world } = asking(answer)
    world.client.connect()
    await settled()
    expect(world.client.state).toMatchObject({ status: 'closed', error: { code: 'UNAUTHORIZED' } })
    expect(world.links).toHaveLength(0)
  })

  test('that throws is told, and asked again after the back-off', async () => {
    const { world } = asking((count) => (count === 1 ? Promise.reject(new Error('502')) : 'fine'))
    const errors: unknown[] = []
    world.client.on('error', ({ error }) => errors.push(error))
    world.client.connect()
    await settled()
    expect(errors).toEqual([new Error('502')])
    expect(world.client.state).toMatchObject({ status: 'connecting', attempt: 1, retryInMs: 350 })
    await world.clock.advance(350)
    expect(world.link.accept().last('connect').token).toBe('fine')
  })

  test('is asked one question at a time', async () => {
    const { world, asked } = asking(() => new Promise(() => {}))
    world.client.connect()
    await settled()
    world.client.connect()
    world.network.tell('online')
    world.client.channel('room').on('message', () => {})
    await world.clock.advance(60_000)
    expect(asked).toHaveLength(1)
  })

  test('hears of close() by its signal, and its late answer counts for nothing', async () => {
    let answer: (token: string) => void = () => {}
    const { world, asked } = asking(() => new Promise((resolve) => (answer = resolve)))
    world.client.connect()
    await settled()
    expect(asked[0]?.signal.aborted).toBe(false)
    await world.client.close()
    expect(asked[0]?.signal.aborted).toBe(true)
    answer('late')
    await world.clock.advance(60_000)
    expect(world.links).toHaveLength(0)
  })
})

describe('a token that is about to expire', () => {
  test('is replaced on the running link, and the new one is used from then on', async () => {
    const { world, reasons } = asking()
    const link = await world.connect({ expiresInMs: 60_000 })
    await world.clock.advance(30_000)
    link.say({ type: 'expiring', expiresInMs: 30_000 }, { type: 'expiring', expiresInMs: 29_000 })
    await settled()
    expect(reasons()).toEqual(['connect', 'expired'])
    expect(link.of('refresh')).toMatchObject([{ token: 't2' }])
    link.say({ type: 'ping' }, { type: 'result', ref: link.last('refresh').ref, expiresInMs: 60_000 })
    await world.clock.advance(5_000)
    link.say({ type: 'ping' })
    const next = await world.reconnect({ expiresInMs: 10 })
    expect(next.last('connect').token).toBe('t2')
    expect(reasons(), 'still valid').toHaveLength(2)
    await world.clock.advance(20)
    expect((await world.reconnect()).last('connect').token).toBe('t3')
  })

  test('is asked for again after a back-off when the source fails, and each failure is told', async () => {
    const { world, asked } = asking((count) => {
      if (count === 2) throw new Error('no network')
      return `t${count}`
    })
    const faults: unknown[] = []
    world.client.on('error', ({ error }) => faults.push(String(error)))
    const link = await world.connect()
    link.say({ type: 'expiring', expiresInMs: 30_000 })
    await settled()
    expect(faults).toEqual(['Error: no network'])
    await world.clock.advance(8_000)
    expect(asked).toHaveLength(3)
    expect(link.of('refresh')).toMatchObject([{ token: 't3' }])
    expect(world.client.state.status).toBe('connected')
  })

  test('without another one ends the client', async () => {
    const { world } = asking((count) => (count === 1 ? 't1' : null))
    const link = await world.connect()
    link.say({ type: 'expiring', expiresInMs: 30_000 })
    await settled()
    expect(world.client.state).toMatchObject({ status: 'closed', error: { code: 'UNAUTHORIZED' } })
    expect(link.hungUp).toBeDefined()
  })

  test('is left alone when it is a fixed one', async () => {
    const world = new World({ token: 'secret' })
    const link = await world.connect()
    link.say({ type: 'expiring', expiresInMs: 30_000 })
    await world.clock.advance(9_000)
    expect(link.of('refresh')).toEqual([])
    expect(world.client.state.status).toBe('connected')
  })

  test('whose source answers after the link has ended is not sent on the next one', async () => {
    let give = (_: string) => {}
    const { world, asked } = asking((count) =>
      count === 2 ? new Promise<string>((resolve) => (give = resolve)) : `t${count}`,
    )
    const link = await world.connect()
    link.say({ type: 'expiring', expiresInMs: 30_000 })
    await settled()
    const next = await world.reconnect()
    give('late')
    await settled()
    expect(next.of('refresh')).toEqual([])
    next.say({ type: 'expiring', expiresInMs: 30_000 })
    await settled()
    expect(asked).toHaveLength(3)
    expect(next.of('refresh')).toMatchObject([{ token: 't3' }])
  })

  test('that the server refuses is asked for again when the link ends by it', async () => {
    const { world, reasons } = asking()
    const link = await world.connect()
    link.say({ type: 'expiring', expiresInMs: 30_000 })
    await settled()
    link.say({ type: 'error', ref: link.last('refresh').ref, code: 'FORBIDDEN', message: 'another user' })
    const next = await world.reconnect({}, 4500)
    expect(reasons()).toEqual(['connect', 'expired', 'rejected'])
    expect(next.last('connect').token).toBe('t3')
  })
})
