import { describe, expect, test } from 'vitest'
import type { PublishRequest, Retention } from '../../src/index.js'
import { eventually } from './support/stores.js'
import { tapped } from './support/tapped.js'

const KEEP: Retention = { messages: 1_000, ageMs: 300_000, bytes: 1_048_576, ttlMs: 3_600_000 }

const stage = tapped()

const one = (id: string, fields: Partial<PublishRequest> = {}): PublishRequest => ({
  channel: 'c',
  id,
  payload: JSON.stringify(id),
  retention: KEEP,
  ...fields,
})
const by = (producer: string, seq: number) => ({ number: { producer, seq, lowest: seq } })
const inLog = async (channel = 'c') =>
  (await stage.witness.broker.recover(channel, 'start', 1_000)).publications.map(({ id }) => id)
const heard = () => stage.witness.deliveries.map(({ publication }) => publication.id)
const ids = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`)
const calls = async () => {
  const text = String(await stage.server.command('INFO', 'commandstats'))
  return Number(/cmdstat_fcall:calls=(\d+)/.exec(text)?.[1] ?? 0)
}

/** An answer to several publishes names more than one epoch. */
const SEVERAL = 2

describe('publishes in one call', () => {
  test('are stored in order, and handed on in one text', async () => {
    expect(await stage.node.together([one('a'), one('b'), one('c')])).toMatchObject([
      { kind: 'stored', id: 'a', position: { offset: 1 } },
      { kind: 'stored', id: 'b', position: { offset: 2 } },
      { kind: 'stored', id: 'c', position: { offset: 3 } },
    ])
    await eventually(() => stage.witness.deliveries.length === 3)
    const { publications } = await stage.witness.broker.recover('c', 'start', 10)
    expect(stage.witness.deliveries.map(({ publication }) => publication)).toEqual(publications)
    expect(publications.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  })

  test('know each other: a number or a key that comes twice takes effect once', async () => {
    const outcomes = await stage.node.together([
      one('a', by('p', 1)),
      one('again', by('p', 1)),
      one('b', { key: 'k' }),
      one('other', { key: 'k' }),
      one('c', { ...by('p', 2), key: 'k' }),
    ])
    expect(outcomes).toMatchObject([
      { id: 'a', position: { offset: 1 } },
      { id: 'a', position: { offset: 1 } },
      { id: 'b', position: { offset: 2 } },
      { id: 'b', position: { offset: 2 } },
      { id: 'b', position: { offset: 2 } },
    ])
    expect(await inLog()).toEqual(['a', 'b'])
    await eventually(() => stage.witness.deliveries.length === 2)
    expect(heard()).toEqual(['a', 'b'])
  })

  test('are judged one by one: a number that is missing keeps those back that follow it, and no others', async () => {
    const outcomes = await stage.node.together([
      one('a', by('p', 1)),
      one('c', { number: { producer: 'p', seq: 3, lowest: 1 } }),
      one('x', by('q', 1)),
      one('b', { number: { producer: 'p', seq: 2, lowest: 1 } }),
      one('late', { number: { producer: 'p', seq: 3, lowest: 1 } }),
    ])
    expect(outcomes).toMatchObject([
      { kind: 'stored', id: 'a' },
      { kind: 'out-of-order', expected: 2 },
      { kind: 'stored', id: 'x' },
      { kind: 'stored', id: 'b' },
      { kind: 'stored', id: 'late' },
    ])
    expect(await inLog()).toEqual(['a', 'x', 'b', 'late'])
  })

  test('of which none is stored hand nothing on', async () => {
    await stage.node.together([one('a', by('p', 1))])
    await stage.node.together([one('a', by('p', 1)), one('far', { number: { producer: 'p', seq: 9, lowest: 2 } })])
    await stage.node.broker.publish(one('end'))
    await eventually(() => heard().includes('end'))
    expect(heard()).toEqual(['a', 'end'])
  })

  test('are trimmed like others, also by each other', async () => {
    const retention = { ...KEEP, messages: 2 }
    await stage.node.together(['a', 'b', 'c', 'd'].map((id) => one(id, { retention })))
    expect(await inLog()).toEqual(['c', 'd'])
    await eventually(() => stage.witness.deliveries.length === 4)
    expect(heard()).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('a node that publishes much to one channel', () => {
  test('stores all of it, in order and once, in few calls, and everybody hears it', async () => {
    const before = await calls()
    const outcomes = await Promise.all(ids(1_000).map((id) => stage.node.broker.publish(one(id))))
    expect(outcomes.map((outcome) => outcome.kind === 'stored' && outcome.position.offset)).toEqual(
      ids(1_000).map((_, i) => i + 1),
    )
    expect((await calls()) - before).toBeLessThan(100)
    expect(await inLog()).toEqual(ids(1_000))
    await eventually(() => stage.witness.deliveries.length === 1_000)
    expect(heard()).toEqual(ids(1_000))
  })

  test('and to many channels at once stores all of it in order, in fewer calls than publishes', async () => {
    const before = await calls()
    await Promise.all(ids(2_000).map((id, i) => stage.node.broker.publish(one(id, { channel: `c${i % 100}` }))))
    expect((await calls()) - before).toBeLessThan(500)
    for (let c = 0; c < 100; c++) expect(await inLog(`c${c}`)).toEqual(ids(2_000).filter((_, i) => i % 100 === c))
  })

  test.each([
    ['numbers', (i: number) => ({ number: { producer: `p${i % 7}`, seq: Math.floor(i / 7) + 1, lowest: 1 } })],
    ['keys', (i: number) => ({ key: `k${i}` })],
  ])('and loses an answer on the way stores each once that has %s', async (_, fields) => {
    const lost = stage.tap.loseAnswer(SEVERAL)
    const outcomes = await Promise.all(ids(300).map((id, i) => stage.node.broker.publish(one(id, fields(i)))))
    expect(lost()).toBe(1)
    expect(outcomes.every(({ kind }) => kind === 'stored')).toBe(true)
    expect((await inLog()).sort()).toEqual(ids(300).sort())
  })

  test('and loses an answer says of each that cannot be known again that it may be stored, and stores none twice', async () => {
    const lost = stage.tap.loseAnswer(SEVERAL)
    const outcomes = await Promise.allSettled(ids(300).map((id) => stage.node.broker.publish(one(id))))
    const told = ids(300).filter((_, i) => outcomes[i]?.status === 'fulfilled')
    const log = await inLog()
    expect(lost()).toBe(1)
    expect(told.length).toBeLessThan(300)
    expect(new Set(log).size).toBe(log.length)
    expect(log).toEqual(expect.arrayContaining(told))
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'UNAVAILABLE' })
    }
  })
})
