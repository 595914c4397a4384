import { afterEach, describe, expect, test } from 'vitest'
import { freePort } from '../../../../scripts/lib/redis-servers.mjs'
import type { PublishRequest, Retention } from '../../src/index.js'
import { keepHistory, REPLACEABLE, replaceHistory } from './support/histories.js'
import { eventually, sleep } from './support/stores.js'
import { tapped } from './support/tapped.js'
import { watched } from './support/watched.js'

const KEEP: Retention = { messages: 1_000, ageMs: 300_000, bytes: 1_048_576, ttlMs: 3_600_000 }

const stage = tapped(REPLACEABLE)

const publish = (id: string, fields: Partial<PublishRequest> = {}) =>
  stage.node.broker.publish({ channel: 'c', id, payload: JSON.stringify(id), retention: KEEP, ...fields })

describe('a publish whose answer is lost', () => {
  test.each([
    ['its number', { number: { producer: 'p', seq: 1, lowest: 1 } }],
    ['its key', { key: 'k' }],
  ])('is tried again, and takes effect once: by %s', async (_, fields) => {
    const lost = stage.tap.loseAnswer(1)
    expect(await publish('a', fields)).toMatchObject({ kind: 'stored', id: 'a', position: { offset: 1 } })
    expect(lost()).toBe(1)
    await publish('b')
    await eventually(() => stage.witness.deliveries.length >= 2)
    expect(stage.witness.deliveries.map(({ publication }) => publication.id)).toEqual(['a', 'b'])
    expect((await stage.witness.broker.recover('c', 'start', 10)).publications.map(({ id }) => id)).toEqual(['a', 'b'])
  })

  describe('when another history takes over', () => {
    // Functions go by the name that they have read last for a moment.
    afterEach(() => sleep(150))

    /** Who asks again finds another history. */
    const takeOver = () => stage.tap.loseAnswer(1, () => stage.server.command('DEBUG', 'CHANGE-REPL-ID'))

    test('is not tried there for a client, who asks again by itself', async () => {
      const number = { producer: 'p', seq: 1, lowest: 1 }
      takeOver()
      await expect(publish('a', { number })).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: 'another Redis has taken over',
      })
      // This one had everything, so it knows the number.
      expect(await publish('a', { number })).toMatchObject({ kind: 'stored', position: { offset: 1 } })
      expect((await stage.witness.broker.recover('c', 'start', 10)).publications.map(({ id }) => id)).toEqual(['a'])
    })

    test('is tried there for a server, which has no other copy', async () => {
      takeOver()
      expect(await publish('a', { key: 'k' })).toMatchObject({ kind: 'stored', id: 'a', position: { offset: 1 } })
    })

    test('begins an epoch there that nobody knows, though the same call had begun one in the history that is lost', async () => {
      const { server, tap, witness } = stage
      await publish('before', { key: 'before' })
      await keepHistory([server])
      await replaceHistory([server], { lossy: false })
      tap.loseAnswer(1, () => replaceHistory([server], { lossy: true }))
      const outcome = await publish('a', { key: 'k' })
      await eventually(() => witness.deliveries.length === 3)
      const [, lost, stored] = witness.deliveries
      expect([lost?.publication, stored?.publication]).toMatchObject([
        { id: 'a', offset: 2 },
        { id: 'a', offset: 2 },
      ])
      expect(outcome).toMatchObject({ position: { epoch: stored?.epoch, offset: 2 } })
      const heard = { epoch: String(lost?.epoch), offset: 2 }
      expect(await witness.broker.recover('c', heard, 10)).toMatchObject({
        gap: { reason: 'rollback', from: 2, to: 2 },
        publications: [{ id: 'a', offset: 2 }],
      })
    })
  })

  test('and that could not be known again rejects, and is not tried again', async () => {
    const lost = stage.tap.loseAnswer(1)
    await expect(publish('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(lost()).toBe(1)
    await eventually(() => stage.witness.deliveries.length === 1)
    await publish('b')
    const { publications } = await stage.witness.broker.recover('c', 'start', 10)
    expect(publications.map(({ id }) => id)).toEqual(['a', 'b'])
  })
})

describe('a publish of a client that finds no Redis', () => {
  /** Publishes while there is none, and has one serve again when the link of the client has been cut or not. */
  const publishBetween = async ({ isCut }: { readonly isCut: boolean }) => {
    const { tap, node, server } = stage
    const told = watched(node.line)
    tap.target = await freePort()
    tap.cut()
    await eventually(() => told.includes('degraded'))
    let isWanted = true
    const number = { producer: 'p', seq: 1, lowest: 1 }
    const outcome = publish('a', { number, isWanted: () => isWanted })
    await sleep(50)
    isWanted = !isCut
    tap.target = server.port
    return outcome
  }

  test('waits for the next that serves', async () => {
    expect(await publishBetween({ isCut: false })).toMatchObject({ kind: 'stored', position: { offset: 1 } })
  })

  test('is left to its client when its link is gone by then', async () => {
    const outcome = publishBetween({ isCut: true })
    await expect(outcome).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'who asked for it is gone' })
    expect(await stage.witness.broker.recover('c', 'start', 10)).toMatchObject({ publications: [] })
  })
})

test('functions that were flushed are loaded again, and the log goes on in its epoch', async () => {
  const first = await publish('a')
  await stage.server.command('FUNCTION', 'FLUSH')
  expect(await publish('b')).toMatchObject({
    position: { epoch: first.kind === 'stored' ? first.position.epoch : '', offset: 2 },
  })
  await stage.server.command('FUNCTION', 'FLUSH')
  expect((await stage.node.broker.recover('c', 'start', 10)).publications).toHaveLength(2)
})

test('two nodes that write, repeat and read at once see one log', async () => {
  const nodes = [stage.witness, stage.node]
  const ids = Array.from({ length: 200 }, (_, i) => `m${i}`)
  // Each message is published by both, as one that was retried over another link.
  const outcomes = await Promise.all(
    nodes.map(({ broker }) =>
      Promise.all(ids.map((id) => broker.publish({ channel: 'c', id, payload: '1', retention: KEEP, key: id }))),
    ),
  )
  expect(outcomes[0]).toEqual(outcomes[1])
  const pages = await Promise.all(nodes.map(({ broker }) => broker.recover('c', 'start', 1_000)))
  expect(pages[0]).toEqual(pages[1])
  expect(pages[0]?.publications.map(({ offset }) => offset)).toEqual(ids.map((_, i) => i + 1))
  expect(new Set(pages[0]?.publications.map(({ id }) => id)).size).toBe(200)
  await eventually(() => stage.witness.deliveries.length >= 200)
  expect(stage.witness.deliveries.map(({ publication }) => publication)).toEqual(pages[0]?.publications)
})
