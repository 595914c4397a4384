import { DEFAULT_LIMITS, utf8Bytes } from '@org/realtime-protocol'
import { expect, test } from 'vitest'
import type { PresenceStore, RealtimeServer } from '../../src/index.js'
import { deafNode } from '../../src/testing/index.js'
import { ask, listed, room, told } from '../support/presence-room.js'

const TTL_MS = 600_000

/** Has so many sessions of a node elsewhere enter. */
async function fill(presence: PresenceStore, count: number, from = 0, payload?: string): Promise<void> {
  for (let i = from; i < from + count; i++) {
    await presence.enter('c', { session: `s${i}`, user: `u${i}`, owner: 1, number: 1, payload }, TTL_MS)
  }
}

function leave(presence: PresenceStore, session: string) {
  return presence.leave('c', { session, owner: 1, number: 2 }, TTL_MS)
}

function long(i: number): string {
  return `s${i.toString().padStart(20, '0')}`
}

function crowd(options: Parameters<typeof room>[0] = {}) {
  const r = room(options)
  return { ...r, elsewhere: r.backend.join(deafNode).presence }
}

test('with 1,001 members only counts are told, at most one a second; back at 1,000 the list is', async () => {
  const { elsewhere, user, watcher, clock, server } = crowd()
  await fill(elsewhere, 1_000)
  const eve = await watcher()
  expect((await ask(eve, 'get')).members).toHaveLength(1_000)
  const ada = await user('ada')
  await ask(ada, 'enter')
  expect(told(eve.take())).toEqual([])
  await clock.advance(1_500)
  expect(told(eve.take())).toEqual(['#1001'])
  expect(await ask(eve, 'get')).toEqual(expect.not.objectContaining({ members: expect.anything() as unknown }))
  expect(await server.presence('c')).toEqual({ count: 1_001 })
  await ask(ada, 'enter', 'changed')
  await ask(ada, 'leave')
  eve.take()
  await clock.advance(1_500)
  const frames = eve.take()
  expect(frames).toMatchObject([{ type: 'presence', count: 1_000 }])
  expect(frames[0]?.type === 'presence' && frames[0].members).toHaveLength(1_000)
  await ask(ada, 'enter', 'again')
  await ask(ada, 'leave')
  await clock.advance(1_500)
  expect((await server.presence('c')).members).toHaveLength(1_000)
})

test('who watches a crowd is answered with the count alone', async () => {
  const { elsewhere, user } = crowd({ limits: { presenceMembers: 10 } })
  await fill(elsewhere, 11)
  const eve = await user('eve')
  const reply = await ask(eve, 'watch')
  expect([reply.count, 'members' in reply]).toEqual([11, false])
})

test('10,000 members that flap cost a slow watcher one list, and its queue does not grow', async () => {
  const { elsewhere, watcher, clock } = crowd({ limits: { presenceMembers: 200 } })
  const slow = await watcher()
  const fast = await watcher()
  slow.stall()
  let peak = 0
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 500; i++) {
      const session = long(round * 500 + i)
      await elsewhere.enter('c', { session, user: session, owner: 1, number: 1, payload: '{"some":"data"}' }, TTL_MS)
      if (i >= 100) await leave(elsewhere, long(round * 500 + i - 100))
    }
    for (let i = 400; i < 500; i++) await leave(elsewhere, long(round * 500 + i))
    await clock.settle()
    peak = Math.max(peak, slow.bufferedBytes)
  }
  expect(fast.all('join')).toHaveLength(10_000)
  expect(fast.all('leave')).toHaveLength(10_000)
  const queued = slow.bufferedBytes
  // One turn may fill it up to the soft limit and the frame that crosses it.
  expect(peak).toBeLessThan(DEFAULT_LIMITS.sendQueueSoftBytes + 1_000)
  await fill(elsewhere, 3)
  await clock.settle()
  expect(slow.bufferedBytes).toBe(queued)
  slow.take()
  await slow.resume()
  await clock.settle()
  const frames = slow.take()
  const lists = frames.filter(({ type }) => type === 'presence')
  expect(lists.map((frame) => frame.type === 'presence' && listed(frame))).toEqual(['[u0,u1,u2]'])
  // What came before the list was on its way already; after it, everything is told again.
  expect(frames.at(-1)).toBe(lists[0])
  await leave(elsewhere, 's0')
  await clock.settle()
  expect(told(slow.take())).toEqual(['-u0'])
})

test('10,000 links that come and go leave nothing on their node, and no more than the sessions in between', async () => {
  const { user, clock, server } = crowd()
  const before = clock.pending
  let most = 0
  for (let i = 0; i < 10_000; i++) {
    const link = await user(`u${i % 50}`)
    link.tell({ type: 'presence', ref: 1, channel: 'c', action: 'enter' })
    await link.cut()
    if (i % 100 === 0) await clock.advance(2_000)
    most = Math.max(most, attendances(server))
  }
  expect(most).toBeLessThanOrEqual(800)
  await clock.advance(13_000)
  expect([attendances(server), (await server.presence('c')).count]).toEqual([0, 0])
  expect(clock.pending).toBeLessThanOrEqual(before)
}, 60_000)

test('a list as large as may be does not cut the link it is told to, and larger ones are counted', async () => {
  const { elsewhere, user, clock } = crowd()
  const payload = JSON.stringify('x'.repeat(3_900))
  await fill(elsewhere, 95, 0, payload)
  const eve = await user('eve')
  eve.stall()
  const replies = await Promise.all(
    [1, 2, 3].map((ref) => eve.say({ type: 'presence', ref, channel: 'c', action: 'get' })),
  )
  expect(replies).toHaveLength(3)
  eve.tell({ type: 'presence', ref: 4, channel: 'c', action: 'watch' })
  await clock.settle()
  await eve.resume()
  await clock.settle()
  expect(eve.end).toBeUndefined()
  expect(eve.all('reply').map(({ ref, members }) => [ref, members?.length])).toEqual(
    [1, 2, 3, 4].map((ref) => [ref, 95]),
  )
  expect(utf8Bytes(JSON.stringify(eve.all('reply')[0]))).toBeLessThan(393_216)
  await fill(elsewhere, 10, 95, payload)
  await clock.advance(1_500)
  expect(told(eve.take()).at(-1)).toBe('#105')
})

/** How many sessions a node keeps in channels. */
function attendances(server: RealtimeServer): number {
  const { node } = server as unknown as {
    node: { presence: { attendances: { bySession: ReadonlyMap<string, unknown> } } }
  }
  return node.presence.attendances.bySession.size
}
