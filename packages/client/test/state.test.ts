import { beforeEach, describe, expect, expectTypeOf, test } from 'vitest'
import { RealtimeClient, type Channel } from '../src/index.js'
import { followState, type FollowError, type Following, type FollowOptions, type LoadContext } from '../src/state.js'
import { settled } from './support/settled.js'
import { outcome, World, type FakeLink } from './support/world.js'

let world: World
let room: Channel
let link: FakeLink
let loads: Array<
  LoadContext & { readonly resolve: (state: unknown) => void; readonly reject: (error: unknown) => void }
>
/** What the application was given: states as they are, messages by their offset. */
let given: unknown[]
let errors: FollowError[]
let following: Following

const load = (context: LoadContext) =>
  new Promise<unknown>((resolve, reject) => loads.push({ ...context, resolve, reject }))

function follow(options: Partial<FollowOptions<unknown, unknown>> = {}): Following {
  return followState(room, {
    load,
    reset: (state) => given.push(state),
    apply: ({ offset }) => given.push(offset),
    error: (event) => errors.push(event),
    clock: world.clock,
    random: world.random,
    ...options,
  })
}

const latest = () => {
  const last = loads.at(-1)
  if (!last) throw new Error('nothing is loaded')
  return last
}
const gap = (from: number, to: number) =>
  link.say({ type: 'gap', channel: 'room', reason: 'trimmed', from, to, position: { epoch: 'e1', offset: to } })

beforeEach(async () => {
  world = new World()
  room = world.client.channel('room')
  loads = []
  given = []
  errors = []
  link = await world.connect()
})

/** Follows, with the channel subscribed at offset 4. */
async function begun(options?: Parameters<typeof follow>[0]): Promise<void> {
  following = follow(options)
  link.subscribed('room', 'e1', 4)
  await settled()
}

describe('the first state', () => {
  test('is read once the channel is subscribed, and told from where on messages will come', async () => {
    following = follow()
    await settled()
    expect(loads).toEqual([])
    link.subscribed('room', 'e1', 4)
    await settled()
    expect(loads).toMatchObject([{ position: { epoch: 'e1', offset: 4 } }])
    expect(following.status).toBe('loading')
  })

  test('is followed by what was published while it was read, in order, and by all that comes', async () => {
    await begun()
    link.publish('room', 'e1', 5, 6)
    expect(given).toEqual([])
    latest().resolve('state')
    await settled()
    link.publish('room', 'e1', 7)
    expect(given).toEqual(['state', 5, 6, 7])
    expect(following.status).toBe('live')
    await expect(following.ready).resolves.toBeUndefined()
    expect(errors).toEqual([])
  })

  test('of a channel that is subscribed already begins where that one stands', async () => {
    room.on('message', () => {})
    link.subscribed('room', 'e1', 4)
    link.publish('room', 'e1', 5)
    following = follow()
    await settled()
    expect(loads).toMatchObject([{ position: { epoch: 'e1', offset: 5 } }])
    link.publish('room', 'e1', 6)
    latest().resolve('state')
    await settled()
    expect(given).toEqual(['state', 6])
    expect(link.of('history')).toEqual([])
  })
})

describe('a load that fails', () => {
  test('is told, and done again after a back-off that grows; what came before the next one is part of what it reads', async () => {
    await begun()
    link.publish('room', 'e1', 5)
    latest().reject('down')
    await settled()
    expect(errors).toEqual([{ error: 'down', retryInMs: 350 }])
    link.publish('room', 'e1', 6)
    await world.clock.advance(349)
    expect(loads).toHaveLength(1)
    await world.clock.advance(1)
    expect(loads).toHaveLength(2)
    expect(latest().position).toEqual({ epoch: 'e1', offset: 6 })
    link.publish('room', 'e1', 7)
    latest().reject('down')
    await settled()
    expect(errors.at(-1)?.retryInMs).toBe(600)
    await world.clock.advance(600)
    latest().resolve('state')
    await settled()
    expect(given).toEqual(['state'])
    link.publish('room', 'e1', 8)
    expect(given).toEqual(['state', 8])
  })

  test('never waits longer than 20.1 s, and begins small again after a success', async () => {
    world.random.next = 0.9999
    await begun()
    for (let i = 0; i < 12; i++) {
      latest().reject('down')
      await world.clock.advance(20_100)
      link.say({ type: 'ping' })
    }
    expect(errors.at(-1)?.retryInMs).toBeCloseTo(20_098)
    expect(loads).toHaveLength(13)
    latest().resolve('state')
    await settled()
    gap(5, 6)
    await settled()
    latest().reject('down')
    await settled()
    expect(errors.at(-1)?.retryInMs).toBeLessThan(601)
  })

  test('by throwing is the same', async () => {
    let calls = 0
    await begun({
      load: () => {
        if (++calls === 1) throw new Error('at once')
        return 'state'
      },
    })
    expect(errors).toMatchObject([{ error: { message: 'at once' }, retryInMs: 350 }])
    await world.clock.advance(350)
    expect(given).toEqual(['state'])
  })

  test('that takes so long that 1,000 messages come is given up and begun anew', async () => {
    await begun()
    const { signal } = latest()
    link.publish('room', 'e1', 5, 1_004)
    expect([signal.aborted, errors.length]).toEqual([false, 0])
    link.publish('room', 'e1', 1_005)
    expect(signal.aborted).toBe(true)
    expect(errors).toMatchObject([{ error: { message: expect.stringMatching(/1000 messages/) as string } }])
    latest().resolve('too late')
    await world.clock.advance(350)
    expect(given).toEqual([])
    expect(latest().position).toEqual({ epoch: 'e1', offset: 1_005 })
    latest().resolve('state')
    await settled()
    expect(given).toEqual(['state'])
  })
})

describe('a gap', () => {
  test('has the state read anew at once, and holds back what follows until it is there', async () => {
    await begun()
    latest().resolve('first')
    await settled()
    gap(5, 7)
    link.publish('room', 'e1', 8)
    await settled()
    expect(following.status).toBe('loading')
    expect(loads).toHaveLength(2)
    latest().resolve('second')
    await settled()
    link.publish('room', 'e1', 9)
    expect(given.filter((item) => typeof item === 'string')).toEqual(['first', 'second'])
    expect(given.slice(-2)).toEqual([8, 9])
    expect(errors).toEqual([])
  })

  test('while a state is read makes that one useless: it is aborted, and another one is read after it', async () => {
    await begun()
    const first = latest()
    link.publish('room', 'e1', 5)
    gap(6, 7)
    expect(first.signal.aborted).toBe(true)
    first.resolve('old')
    await settled()
    expect(given).toEqual([])
    await world.clock.advance(350)
    expect(latest().position).toEqual({ epoch: 'e1', offset: 7 })
    link.publish('room', 'e1', 8)
    latest().resolve('new')
    await settled()
    expect(given).toEqual(['new', 8])
  })

  test('while the next load waits changes nothing', async () => {
    await begun()
    latest().reject('down')
    await settled()
    gap(5, 7)
    await world.clock.advance(350)
    expect(loads).toHaveLength(2)
    await world.clock.advance(60_000)
    expect(loads).toHaveLength(2)
  })
})

describe('an application that fails', () => {
  test('in apply is told, and its state is loaded anew: nobody knows what it is worth', async () => {
    let fails = true
    await begun({
      apply: ({ offset }) => {
        if (fails && offset === 6) throw new Error('apply')
        given.push(offset)
      },
    })
    latest().resolve('first')
    await settled()
    link.publish('room', 'e1', 5, 7)
    expect(given).toEqual(['first', 5])
    expect(errors).toMatchObject([{ error: { message: 'apply' }, retryInMs: 350 }])
    fails = false
    await world.clock.advance(350)
    latest().resolve('second')
    await settled()
    link.publish('room', 'e1', 8)
    expect(given).toEqual(['first', 5, 'second', 8])
  })

  test('in reset, or with a message that was held back, as well', async () => {
    let calls = 0
    await begun({
      reset: (state) => {
        if (++calls === 1) throw new Error('reset')
        given.push(state)
      },
      apply: ({ offset }) => {
        if (offset === 6) throw new Error('apply')
        given.push(offset)
      },
    })
    latest().resolve('first')
    await world.clock.advance(350)
    link.publish('room', 'e1', 5, 6)
    latest().resolve('second')
    await settled()
    expect(errors.map(({ error }) => String(error))).toEqual(['Error: reset', 'Error: apply'])
    expect(following.status).toBe('loading')
    await world.clock.advance(600)
    latest().resolve('third')
    await settled()
    expect(given).toEqual(['second', 5, 'third'])
    expect(await outcome(following.ready)).toBeUndefined()
  })
})

describe('the end', () => {
  test('by close ends the subscription and aborts the load; nothing is told after it', async () => {
    await begun()
    const { signal, resolve } = latest()
    link.publish('room', 'e1', 5)
    following.close()
    expect(signal.aborted).toBe(true)
    resolve('late')
    link.publish('room', 'e1', 6)
    await world.clock.advance(1_000)
    expect(link.of('unsubscribe')).toHaveLength(1)
    expect([given, errors]).toEqual([[], []])
    expect(following.status).toBe('ended')
    expect(await outcome(following.ready)).toBeInstanceOf(Error)
    await world.clock.advance(60_000)
    expect(loads).toHaveLength(1)
  })

  test('by a signal is the same, also while the next load waits, and one that aborted before begins nothing', async () => {
    const controller = new AbortController()
    await begun({ signal: controller.signal })
    latest().reject('down')
    await settled()
    controller.abort('enough')
    await world.clock.advance(60_000)
    expect(loads).toHaveLength(1)
    await expect(following.ready).rejects.toBe('enough')
    const { length } = link.sent
    const never = followState(world.client.channel('other'), {
      load,
      reset: () => {},
      apply: () => {},
      error: (event) => errors.push(event),
      signal: controller.signal,
    })
    await settled()
    expect(never.status).toBe('ended')
    expect(link.sent.slice(length).map(({ type }) => type)).not.toContain('subscribe')
    expect(errors).toHaveLength(1)
  })

  test('by the application itself, in the middle of what was held back, tells nothing more', async () => {
    await begun({
      apply: ({ offset }) => {
        given.push(offset)
        following.close()
      },
    })
    link.publish('room', 'e1', 5, 7)
    latest().resolve('state')
    await settled()
    expect(given).toEqual(['state', 5])
    expect(following.status).toBe('ended')
  })

  test('by a refusal or a revocation is told as the end', async () => {
    following = follow()
    link.say({
      type: 'unsubscribed',
      channel: 'room',
      generation: link.generation('room'),
      code: 'FORBIDDEN',
      message: 'no',
    })
    await settled()
    expect(errors).toMatchObject([{ error: { code: 'FORBIDDEN' } }])
    expect(errors[0]).not.toHaveProperty('retryInMs')
    expect(await outcome(following.ready)).toBe('FORBIDDEN')
    expect(loads).toEqual([])
  })

  test('of the client is told, also when it came before', async () => {
    await begun()
    latest().resolve('state')
    await settled()
    await world.client.close()
    await settled()
    expect(following.status).toBe('ended')
    expect(errors).toHaveLength(1)
    const late = follow()
    await settled()
    expect(await outcome(late.ready)).toBe('CLOSED')
    expect(errors).toHaveLength(2)
  })
})

test('a link that breaks ends nothing: the subscription resumes, and the state goes on', async () => {
  await begun()
  latest().resolve('state')
  await settled()
  link = await world.reconnect()
  link.subscribed('room', 'e1', 4, { head: 5 })
  link.publish('room', 'e1', 5)
  expect(given).toEqual(['state', 5])
  expect(loads).toHaveLength(1)
})

test('the types follow the channel and the load', () => {
  // Only the compiler looks at these.
  const check = (client: RealtimeClient) =>
    followState(client.channel('room') as Channel<{ in: 1 }, { out: 1 }>, {
      load: async () => ({ version: 1 }),
      reset: (state) => expectTypeOf(state).toEqualTypeOf<{ version: number }>(),
      apply: ({ data }) => expectTypeOf(data).toEqualTypeOf<{ out: 1 }>(),
      error: ({ retryInMs }) => expectTypeOf(retryInMs).toEqualTypeOf<number | undefined>(),
    })
  expectTypeOf(check).returns.toEqualTypeOf<Following>()
})
