import { describe, expect, test } from 'vitest'
import { BackendFullError, memory, type Entrant, type PublishRequest, type Retention } from '../../src/index.js'
import { Budget } from '../../src/memory/budget.js'
import { MemorySessions } from '../../src/memory/memory-sessions.js'
import { CountingRandom } from '../support/counting-random.js'
import { deafNode, VirtualClock } from '../../src/testing/index.js'
import { answer, room } from '../support/presence-room.js'
import { world } from '../support/world.js'

const RETENTION: Retention = { messages: 1_000, ageMs: 300_000, bytes: 1_048_576, ttlMs: 3_600_000 }
const KIB = 1_024

function setUp(maxBytes: number) {
  const clock = new VirtualClock()
  const backend = memory({ clock, random: new CountingRandom(), maxBytes })
  const { broker } = backend.join(deafNode)
  const publish = (channel: string, fields: Partial<PublishRequest> = {}) =>
    broker.publish({ channel, id: 'm', payload: '1', retention: RETENTION, ...fields })
  return { clock, backend, broker, publish, logs: () => backend.checkpoint().logs.size }
}

/** Publishes until there is no room; says how often it went well. */
async function fill(publish: (i: number) => Promise<unknown>, most = 10_000): Promise<number> {
  for (let i = 0; i < most; i++) {
    try {
      await publish(i)
    } catch (error) {
      expect(error).toBeInstanceOf(BackendFullError)
      return i
    }
  }
  throw new Error(`${most} publishes found room`)
}

describe('all logs together are bounded, whatever fills them:', () => {
  const data = JSON.stringify('x'.repeat(KIB))
  const ways: Record<
    string,
    { fields: (i: number) => Partial<PublishRequest>; channel?: (i: number) => string; most: number }
  > = {
    messages: { fields: () => ({ payload: data }), most: 100 },
    'texts beyond ASCII, which take two bytes for each character': {
      fields: () => ({ payload: JSON.stringify('x'.repeat(KIB - 1) + '€') }),
      most: 50,
    },
    ids: { fields: (i) => ({ id: String(i).padEnd(64) }), most: 320 },
    meta: { fields: () => ({ meta: { traceparent: 'x'.repeat(900) } }), most: 50 },
    channels: { fields: () => ({}), channel: (i) => `c${i}`, most: 45 },
    'idempotency keys': {
      fields: (i) => ({ key: String(i).padEnd(500), retention: { ...RETENTION, messages: 1 } }),
      most: 90,
    },
    producers: {
      fields: (i) => ({
        number: { producer: String(i).padEnd(100), seq: 1, lowest: 1 },
        retention: { ...RETENTION, messages: 1 },
      }),
      most: 170,
    },
  }

  test.each(Object.entries(ways))('%s', async (_, { fields, channel = () => 'c', most }) => {
    const { publish } = setUp(100 * KIB)
    const count = await fill((i) => publish(channel(i), fields(i)))
    expect(count).toBeLessThanOrEqual(most)
    expect(count).toBeGreaterThan(most / 2)
  })
})

test('whoever is refused leaves nothing behind: no channel, no number, no key', async () => {
  const { publish, logs, clock } = setUp(20 * KIB)
  await fill((i) => publish('c', { payload: JSON.stringify('x'.repeat(KIB)), id: `m${i}` }))
  const late = { number: { producer: 'p', seq: 1, lowest: 1 }, key: 'k', id: 'late' }
  await expect(publish('new', late)).rejects.toThrow(BackendFullError)
  await expect(publish('c', { ...late, payload: JSON.stringify('x'.repeat(KIB)) })).rejects.toThrow(BackendFullError)
  expect(logs()).toBe(1)
  await clock.advance(301_000)
  expect(await publish('c', late)).toMatchObject({ kind: 'stored', id: 'late' })
})

test('a repeat of what was stored is answered although there is no room', async () => {
  const { publish } = setUp(20 * KIB)
  const numbered = { number: { producer: 'p', seq: 1, lowest: 1 }, id: 'a' }
  const first = await publish('c', numbered)
  const keyed = await publish('c', { key: 'k', id: 'b' })
  await fill(() => publish('c', { payload: JSON.stringify('x'.repeat(KIB)) }))
  expect(await publish('c', numbered)).toEqual(first)
  expect(await publish('c', { key: 'k', id: 'c' })).toEqual(keyed)
})

test('messages too old to be read, records too old to matter and channels forgotten make room by themselves', async () => {
  const { publish, clock } = setUp(100 * KIB)
  const payload = JSON.stringify('x'.repeat(KIB))
  const first = await fill((i) => publish(`c${i % 5}`, { payload }))
  await expect(publish('c0', { payload })).rejects.toThrow(BackendFullError)
  // No publish to the other channels, and no sweep yet.
  await clock.advance(300_000)
  expect(await fill((i) => publish('c0', { payload: payload + ' '.repeat(i % 2) }))).toBeGreaterThan(first / 2)
})

test('a log at its own bound goes on, for it lets go of as much as it takes', async () => {
  const { publish } = setUp(40 * KIB)
  const payload = JSON.stringify('x'.repeat(KIB))
  const retention = { ...RETENTION, messages: 8 }
  const numbered = (seq: number) => ({ payload, retention, number: { producer: 'p', seq, lowest: seq } })
  for (let seq = 1; seq <= 100; seq++) await publish('steady', numbered(seq))
  await fill((i) => publish(`other${i}`, { payload }))
  // Not even the smallest message finds room now.
  await fill(() => publish('other0'))
  for (let seq = 101; seq <= 200; seq++)
    expect(await publish('steady', numbered(seq))).toMatchObject({ kind: 'stored' })
  await expect(publish('one more', { payload })).rejects.toThrow(BackendFullError)
})

test('repeats of one key under ever new numbers are bounded, and one without a number is always answered', async () => {
  const { publish } = setUp(30 * KIB)
  const first = await publish('c', { key: 'k', id: 'a' })
  const count = await fill((i) => publish('c', { key: 'k', number: { producer: `p${i}`, seq: 1, lowest: 1 } }))
  expect(count).toBeLessThan(80)
  await expect(publish('another')).rejects.toThrow(BackendFullError)
  await expect(publish('c', { payload: JSON.stringify('x'.repeat(KIB)) })).rejects.toThrow(BackendFullError)
  expect(await publish('c', { key: 'k', id: 'b' })).toEqual(first)
})

test('what repeats took is missing for others', async () => {
  const payload = JSON.stringify('x'.repeat(KIB))
  const room = async (repeats: number) => {
    const { publish } = setUp(60 * KIB)
    await publish('c', { key: 'k' })
    for (let i = 0; i < repeats; i++) await publish('c', { key: 'k', number: { producer: `p${i}`, seq: 1, lowest: 1 } })
    return fill(() => publish('d', { payload }))
  }
  expect(await room(40)).toBeLessThan((await room(0)) - 10)
})

test('channels that were forgotten make room', async () => {
  const { publish, clock } = setUp(50 * KIB)
  const first = await fill((i) => publish(`a${i}`))
  await clock.advance(3_600_000)
  expect(await fill((i) => publish(`b${i}`))).toBe(first)
})

describe('members take room like messages:', () => {
  const TTL_MS = 45_000
  const payload = JSON.stringify('x'.repeat(KIB))
  let number = 0
  const entrant = (session: string, fields: Partial<Entrant> = {}) => ({
    ...{ session, user: session, owner: 1, number: ++number, payload },
    ...fields,
  })
  const members = (maxBytes: number) => {
    const world = setUp(maxBytes)
    const { presence } = world.backend.join(deafNode)
    const enter = (channel: string, who: Entrant) => presence.enter(channel, who, TTL_MS)
    const leave = (channel: string, session: string) =>
      presence.leave(channel, { session, owner: 1, number: ++number }, TTL_MS)
    return { ...world, presence, enter, leave, channels: () => world.backend.checkpoint().presence.size }
  }

  test('all of them together are bounded, with what they show, and so are their channels', async () => {
    expect(await fill((i) => members(1).enter('c', entrant(`s${i}`)))).toBe(0)
    const { enter } = members(100 * KIB)
    const shown = await fill((i) => enter('c', entrant(`s${i}`)))
    expect([shown > 60, shown < 100]).toEqual([true, true])
    const { enter: enterBare } = members(100 * KIB)
    expect(await fill((i) => enterBare(`c${i}`, entrant('s', { payload: undefined })))).toBeLessThan(90)
  })

  test('they leave it for messages, and find it, as there is any', async () => {
    const { enter, leave, publish, clock } = members(100 * KIB)
    const most = await fill((i) => enter('c', entrant(`s${i}`)))
    await expect(publish('d', { payload })).rejects.toThrow(BackendFullError)
    for (let i = 0; i < most / 2; i++) await leave('c', `s${i}`)
    expect(await fill(() => publish('d', { payload }))).toBeGreaterThan(most / 5)
    await expect(enter('c', entrant('late'))).rejects.toThrow(BackendFullError)
    await clock.advance(301_000)
    await publish('d')
    expect(await enter('c', entrant('late'))).toMatchObject({ kind: 'done' })
  })

  test('who finds no room leaves nothing behind', async () => {
    const { enter, channels, presence } = members(20 * KIB)
    await fill((i) => enter('c', entrant(`s${i}`)))
    await expect(enter('new', entrant('s'))).rejects.toThrow(BackendFullError)
    expect([channels(), (await presence.list('new', 9)).count]).toEqual([1, 0])
  })

  test('who is there may enter again, show less and leave although there is no room, and be replaced then', async () => {
    const { enter, leave } = members(20 * KIB)
    const most = await fill((i) => enter('c', entrant(`s${i}`)))
    expect(await enter('c', entrant('s0'))).toMatchObject({ kind: 'done' })
    await expect(enter('c', entrant('s0', { payload: payload.repeat(2) }))).rejects.toThrow(BackendFullError)
    expect(await enter('c', entrant('s0', { payload: '1' }))).toMatchObject({ kind: 'done' })
    expect(await leave('c', 's1')).toMatchObject({ kind: 'done', position: { offset: most + 2 } })
    expect(await enter('c', entrant('other'))).toMatchObject({ kind: 'done' })
  })

  test('leaves of strangers are remembered only while there is room', async () => {
    const { leave, channels, publish } = members(20 * KIB)
    for (let i = 0; i < 1_000; i++) expect(await leave(`c${i}`, 's')).toMatchObject({ kind: 'done' })
    expect(channels()).toBeLessThan(20)
    await expect(publish('d')).rejects.toThrow(BackendFullError)
  })

  test('those who are dead and those who left are not counted for ever', async () => {
    const { enter, leave, clock } = members(100 * KIB)
    const most = await fill((i) => enter(`c${i % 5}`, entrant(`s${i}`)))
    for (let i = 0; i < 5; i++) await leave(`c${i}`, `s${i}`)
    await clock.advance(2 * TTL_MS + 60_000)
    expect(await fill((i) => enter('c', entrant(`t${i}`)))).toBeGreaterThanOrEqual(most)
  })

  test('after a failover those are counted that are there', async () => {
    const { enter, backend } = members(50 * KIB)
    await enter('c', entrant('first'))
    const checkpoint = backend.checkpoint()
    const most = await fill((i) => enter('c', entrant(`s${i}`)))
    backend.failOver(checkpoint)
    expect(await fill((i) => enter('c', entrant(`t${i}`)))).toBe(most)
    backend.failOver()
    expect(await fill((i) => enter('c', entrant(`u${i}`)))).toBe(0)
  })
})

test('who finds no room to enter is told UNAVAILABLE, now and later, and it is logged once a minute', async () => {
  const { user, clock, logger } = room({ maxBytes: KIB })
  const ada = await user('ada')
  for (let i = 0; i < 3; i++) {
    expect(await answer(ada, 'enter', 'x'.repeat(500))).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  }
  const full = () => logger.of('warn').filter((line) => line.includes('the backend is full')).length
  const limited = () => logger.lines.filter(({ fields }) => fields?.['limit'] === 'maxBytes').length
  expect([full(), limited()]).toEqual([1, 3])
  // The node goes on trying for its member.
  await clock.advance(20_000)
  expect(limited()).toBeGreaterThan(3)
  expect([full(), logger.of('error')]).toEqual([1, []])
})

test('room is made at most once a second, however many ask', () => {
  const budget = new Budget(1_000)
  const log = { weight: 1_000 }
  budget.weigh(log)
  let attempts = 0
  for (let now = 0; now < 3_000; now += 10)
    budget.admits(
      log,
      10,
      () => 10,
      now,
      () => (attempts += 1),
    )
  expect(attempts).toBe(3)
})

test('a budget counts each thing once, as heavy as it is, until it is dropped', () => {
  const budget = new Budget(1_000)
  const log = { weight: 100 }
  budget.weigh(log)
  budget.weigh(log)
  log.weight = 300
  budget.weigh(log)
  expect(budget.used).toBe(300)
  budget.drop(log)
  budget.drop(log)
  expect(budget.used).toBe(0)
  budget.reset([log, { weight: 5 }])
  expect(budget.used).toBe(305)
})

test('after a failover to a checkpoint what it holds is counted, and nothing else', async () => {
  const { publish, backend } = setUp(30 * KIB)
  const payload = JSON.stringify('x'.repeat(KIB))
  await publish('c', { payload })
  const checkpoint = backend.checkpoint()
  const room = await fill(() => publish('c', { payload }))
  backend.failOver(checkpoint)
  expect(await fill(() => publish('c', { payload }))).toBe(room)
  backend.failOver()
  expect(await fill(() => publish('c', { payload }))).toBe(0)
})

test('a publish that finds no room fails as UNAVAILABLE for clients and servers, and is logged once a minute', async () => {
  const w = world({ maxBytes: 8 * KIB })
  const client = await w.connected()
  const payload = 'x'.repeat(KIB)
  await fill(() => w.server.publish('c', payload).catch(() => Promise.reject(new BackendFullError())))
  for (let i = 0; i < 5; i++) {
    expect(await client.publish('c', payload)).toMatchObject({ type: 'error', code: 'UNAVAILABLE', retryable: true })
  }
  await expect(w.server.publish('c', payload)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  const told = () => w.logger.of('warn').filter((line) => line.includes('the backend is full'))
  expect(told()).toHaveLength(1)
  expect(w.logger.of('error')).toEqual([])
  expect(w.logger.lines.filter(({ fields }) => fields?.['limit'] === 'maxBytes')).toHaveLength(7)
  await w.clock.advance(60_000)
  await expect(w.server.publish('c', payload)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(told()).toHaveLength(2)
  await w.clock.advance(240_000)
  await w.server.publish('c', payload)
})

describe('sessions', () => {
  test('above the bound take the place of the one that was not renewed for longest', async () => {
    const clock = new VirtualClock()
    const sessions = new MemorySessions(clock, new CountingRandom(), 120_000, 3)
    const claim = (newId: string, resume?: string) =>
      sessions.claim({
        newId,
        user: null,
        nextDigest: 'd',
        resume: resume === undefined ? undefined : { id: resume, digest: 'd' },
      })
    for (const id of ['a', 'b', 'c']) claim(id)
    sessions.renew([{ id: 'a', owner: 1, user: null, digest: 'd', number: 0 }])
    expect(claim('-', 'b').resumed).toBe(true)
    claim('d')
    expect(sessions.size).toBe(3)
    expect(claim('e', 'c')).toMatchObject({ id: 'e', resumed: false })
    expect(sessions.size).toBe(3)
  })

  test('one that is held and was forgotten is known again when its node renews it', () => {
    const sessions = new MemorySessions(new VirtualClock(), new CountingRandom(), 120_000, 1)
    sessions.claim({ newId: 'a', user: null, nextDigest: 'd' })
    sessions.claim({ newId: 'b', user: null, nextDigest: 'd' })
    sessions.renew([{ id: 'a', owner: 1, user: null, digest: 'd', number: 0 }])
    expect(sessions.claim({ newId: 'c', user: null, nextDigest: 'e', resume: { id: 'a', digest: 'd' } }).resumed).toBe(
      true,
    )
  })
})

test.each([
  ['maxBytes', 0],
  ['maxBytes', 1.5],
  ['maxSessions', NaN],
  ['sessionTtlMs', -1],
])('%s of %s is refused', (name, value) => {
  expect(() => memory({ [name]: value })).toThrow(`memory: ${name}`)
})
