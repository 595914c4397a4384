import { contract, type StandardSchema } from '@org/realtime-protocol'
import { describe, expect, test } from 'vitest'
import type { ServerOptions } from '../../src/index.js'
import { PRODUCER } from '../support/memory-link.js'
import { world as anyWorld } from '../support/world.js'

const authenticate: NonNullable<ServerOptions['authenticate']> = ({ token }) => ({
  user: token === undefined ? null : { id: token },
})

function world(
  options: Omit<ServerOptions, 'backend' | 'clock' | 'random'> & { contract?: ReturnType<typeof contract> } = {},
) {
  const tools = anyWorld({ authenticate, personal: true, ...options })
  return {
    ...tools,
    /** A link of a user, with its personal channel. */
    async user(token: string | undefined, since?: { epoch: string; offset: number }, to = tools.server) {
      const link = await tools.connected(to, { producer: PRODUCER, ...(token === undefined ? {} : { token }) })
      await link.subscribe({ channel: '@', generation: 1, ...(since ? { since } : {}) })
      return link
    },
  }
}

const data = (link: { all(type: 'publication'): Array<{ data: unknown }> }) =>
  link.all('publication').map((publication) => publication.data)

describe('a personal channel', () => {
  test('is a log of one user, on every device and node, and all frames call it @', async () => {
    const { user, server, node, clock } = world()
    const phone = await user('ada')
    const laptop = await user('ada', undefined, node())
    const other = await user('bob')
    const published = await server.publishToUser('ada', { order: 1 }, { meta: { traceparent: '1' } })
    await clock.settle()
    for (const link of [phone, laptop]) {
      const { at } = link.only('publication')
      expect(link.only('publication')).toEqual({
        type: 'publication',
        channel: '@',
        epoch: published.epoch,
        offset: 1,
        id: published.id,
        at,
        data: { order: 1 },
        meta: { traceparent: '1' },
      })
      expect(link.only('subscribed')).toMatchObject({ channel: '@', position: { epoch: '', offset: 0 } })
    }
    expect(data(other)).toEqual([])
    expect(published.offset).toBe(1)
  })

  test('is recovered after a lost link, and its history can be read', async () => {
    const { user, server, clock, node } = world()
    const first = await user('ada')
    const position = await server.publishToUser('ada', 1)
    await clock.settle()
    await first.cut()
    await server.publishToUser('ada', 2)
    await server.publishToUser('bob', 'for bob')
    await server.publishToUser('ada', 3)
    const elsewhere = node()
    const back = await user('ada', { epoch: position.epoch, offset: position.offset }, elsewhere)
    expect(back.only('subscribed')).toMatchObject({ channel: '@', head: 3, position: { offset: 1 } })
    expect(data(back)).toEqual([2, 3])
    expect(back.all('publication').map(({ channel }) => channel)).toEqual(['@', '@'])
    await back.say({ type: 'history', ref: 1, channel: '@', limit: 10 })
    expect(back.only('reply').publications).toMatchObject([1, 2, 3].map((value) => ({ channel: '@', data: value })))
  })

  test('tells gaps and rebases under its name, from a reading for one and from a verification for all', async () => {
    const { user, server, clock, backend } = world({ personal: { log: { messages: 2 } } })
    const position = await server.publishToUser('ada', 1)
    for (let i = 2; i <= 5; i++) await server.publishToUser('ada', i)
    const trimmed = await user('ada', { epoch: position.epoch, offset: 1 })
    expect(trimmed.only('subscribed')).toMatchObject({ gap: { reason: 'trimmed', from: 2, to: 3 } })
    const replica = backend.checkpoint()
    await server.publishToUser('ada', 6)
    await clock.settle()
    backend.failOver(replica)
    await clock.settle()
    expect(trimmed.only('gap')).toMatchObject({ channel: '@', reason: 'rollback', from: 6, to: 6 })
    backend.failOver()
    await server.publishToUser('ada', 7)
    await clock.settle()
    expect(trimmed.all('rebase').map(({ channel }) => channel)).toEqual(['@'])
    expect(data(trimmed)).toEqual([4, 5, 6, 7])
  })

  test('tells a slow reader what it missed, under its name', async () => {
    const limits = { sendQueueSoftBytes: 4_096, sendQueueHardBytes: 65_536 }
    const { user, server, clock } = world({ limits, personal: { log: { messages: 1 } } })
    const link = await user('ada')
    link.stall()
    // Two fill the queue, and the ring of the node does not hold all that follows.
    for (let i = 1; i <= 400; i++) await server.publishToUser('ada', 'x'.repeat(3_000))
    await clock.settle()
    await link.resume()
    expect(link.only('gap')).toMatchObject({ channel: '@', reason: 'slow', to: 399 })
    expect(link.offsets().at(-1)).toBe(400)
  })

  test('ends with unsubscribe, like any other', async () => {
    const { user, server, clock } = world()
    const link = await user('ada')
    await link.say({ type: 'unsubscribe', channel: '@', generation: 1 })
    await server.publishToUser('ada', 1)
    await clock.settle()
    expect(data(link)).toEqual([])
  })

  test('takes a repeat with a key once', async () => {
    const { server } = world()
    const first = await server.publishToUser('ada', 1, { key: 'k' })
    expect(await server.publishToUser('ada', 1, { key: 'k' })).toEqual(first)
    expect((await server.publishToUser('bob', 1, { key: 'k' })).id).not.toBe(first.id)
  })

  test('holds messages to the schema of the contract, and keeps what it gave', async () => {
    const schema: StandardSchema<number, string> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) =>
          typeof value === 'number' ? { value: `n${value}` } : { issues: [{ message: 'a number' }] },
      },
    }
    const { user, server, clock } = world({ contract: contract({ personal: { message: schema } }) })
    const link = await user('ada')
    await server.publishToUser('ada', 1)
    await clock.settle()
    expect(data(link)).toEqual(['n1'])
    await expect(server.publishToUser('ada', 'one')).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })
})

describe('nobody else reaches it', () => {
  test('by no name, in no frame, although a template matches every name', async () => {
    const { user, server, clock } = world()
    const { epoch } = await server.publishToUser('ada', 'secret')
    const bob = await user('bob')
    bob.take()
    for (const [i, channel] of ['@ada', '@ada ', '@@', '@bob', '@:ada'].entries()) {
      await bob.subscribe({ channel, generation: i + 10, since: 'start' })
      expect(bob.take(), channel).toMatchObject([{ type: 'unsubscribed', channel, code: 'UNKNOWN_CHANNEL' }])
      await bob.say({ type: 'history', ref: i, channel, limit: 10 })
      expect(bob.take(), channel).toMatchObject([{ type: 'error', ref: i, code: 'UNKNOWN_CHANNEL' }])
      expect(await bob.publish(channel, 1), channel).toMatchObject({ type: 'error', code: 'UNKNOWN_CHANNEL' })
      await bob.say({ type: 'send', channel, id: 'a', data: 1 })
      bob.take()
      await expect(server.publish(channel, 1), channel).rejects.toMatchObject({ code: 'UNKNOWN_CHANNEL' })
    }
    await server.publishToUser('ada', 'more')
    await clock.settle()
    expect(data(bob)).toEqual([])
    expect(JSON.stringify(bob.heard)).not.toContain(epoch)
  })

  test('by asking where an epoch of it ended', async () => {
    const { user, server, connected, failOver } = world()
    const { epoch, offset } = await server.publishToUser('ada', 1)
    await failOver()
    await server.publishToUser('ada', 2)
    const bob = await connected(server, { token: 'bob', acknowledged: [{ channel: '@ada', epoch, offset }] })
    expect(bob.only('connected')).not.toHaveProperty('rebases')
    expect((await user('ada')).only('subscribed')).toMatchObject({ head: 2 })
  })

  test('anonymous: FORBIDDEN', async () => {
    const { user } = world()
    const nobody = await user(undefined)
    expect(nobody.only('unsubscribed')).toMatchObject({ channel: '@', code: 'FORBIDDEN' })
    expect(await nobody.publish('@', 1)).toMatchObject({ code: 'FORBIDDEN' })
  })
})

test('clients never publish to it: FORBIDDEN, and what they send is dropped', async () => {
  const { user, server } = world()
  const ada = await user('ada')
  expect(await ada.publish('@', 1, { seq: 1, lowest: 1 })).toMatchObject({ type: 'error', code: 'FORBIDDEN' })
  await ada.say({ type: 'send', channel: '@', id: 'a', data: 1 })
  await ada.say({ type: 'history', ref: 9, channel: '@', limit: 1 })
  expect(ada.only('reply')).toMatchObject({ ref: 9, publications: [] })
  expect(await server.publishToUser('ada', 1)).toMatchObject({ offset: 1 })
})

test('where they are not switched on there are none: UNKNOWN_CHANNEL for clients and for the server', async () => {
  const { user, server } = world({ personal: false })
  const ada = await user('ada')
  expect(ada.only('unsubscribed')).toMatchObject({ channel: '@', code: 'UNKNOWN_CHANNEL' })
  expect(await ada.publish('@', 1)).toMatchObject({ code: 'UNKNOWN_CHANNEL' })
  await expect(server.publishToUser('ada', 1)).rejects.toMatchObject({
    code: 'UNKNOWN_CHANNEL',
    message: 'personal channels are not switched on',
  })
})

describe('the id of a user', () => {
  test.each(['a:b:c', '@', '@@ada', 'Ada Lovelace', 'ädä-😀', '{id}', 'x'.repeat(254), 'ß'.repeat(127)])(
    'may be %s',
    async (id) => {
      const { user, server, clock } = world()
      const link = await user(id)
      const other = await user(`${id.slice(0, 100)}!`)
      await server.publishToUser(id, 'hello')
      await clock.settle()
      expect(data(link)).toEqual(['hello'])
      expect(data(other)).toEqual([])
    },
  )

  test.each([
    ['empty', ''],
    ['255 bytes long', 'x'.repeat(255)],
    ['255 bytes long in fewer characters', `${'ß'.repeat(127)}x`],
    ['with a control character', 'a\u0007b'],
    ['half a character', 'a\ud800'],
  ])('that is %s is refused with the reason, on both sides', async (_, id) => {
    const { user, server } = world()
    const link = await user(id)
    expect(link.only('unsubscribed')).toMatchObject({
      code: 'INVALID_CHANNEL',
      message: expect.stringMatching(/1 to 254 bytes/) as string,
    })
    await expect(server.publishToUser(id, 1)).rejects.toMatchObject({
      code: 'INVALID_CHANNEL',
      message: expect.stringMatching(/1 to 254 bytes/) as string,
    })
  })
})
