import type { PresenceFrame, PresenceMember, ReplyFrame } from '@org/realtime-protocol'
import { describe, expect, test, vi } from 'vitest'
import type { ChannelEvents } from '../src/index.js'
import { later, settled } from './support/settled.js'
import { outcome, World, type FakeLink } from './support/world.js'

const ada: PresenceMember = { user: 'ada', session: 'a1', data: { name: 'Ada' } }
const ada2: PresenceMember = { user: 'ada', session: 'a2', data: { name: 'Ada, phone' } }
const bob: PresenceMember = { user: 'bob', session: 'b1', data: { name: 'Bob' } }

/** What was asked about presence, without numbers. */
const asked = (link: FakeLink) =>
  link.of('presence').map(({ action, data }) => (data === undefined ? action : { action, data }))

/** Answers the latest request of an action. */
function reply(link: FakeLink, action: PresenceFrame['action'], fields: Partial<ReplyFrame> = {}): void {
  const frame = link.of('presence').findLast((each) => each.action === action)
  if (!frame) throw new Error(`nobody asked to ${action}`)
  link.say({ type: 'reply', ref: frame.ref, position: { epoch: 'e', offset: 1 }, ...fields })
}

/** A client that listens to everything, and what it hears. */
async function watching(members: readonly PresenceMember[] | undefined, count = members?.length ?? 0) {
  const world = new World()
  const link = await world.connect()
  const room = world.client.channel('room')
  const heard: unknown[] = []
  const tell = (event: string) => (detail: unknown) => heard.push([event, detail])
  const offs = (['join', 'leave', 'presence'] as const).map((event: keyof ChannelEvents) => room.on(event, tell(event)))
  reply(link, 'watch', { count, ...(members && { members }) })
  const change = (type: 'join' | 'leave', offset: number, member: PresenceMember) => {
    const { data: _, ...sender } = member
    link.say({ type, channel: 'room', epoch: 'e', offset, ...(type === 'join' ? member : sender) })
  }
  return { world, link, room, heard, change, off: () => offs.forEach((off) => off()) }
}

describe('being present', () => {
  test('is asked for with the data, and resolves when the server says so', async () => {
    const world = new World()
    const link = await world.connect()
    const entered = world.client.channel('room').presence.enter({ name: 'Ada' })
    expect(link.last('presence')).toMatchObject({ channel: 'room', action: 'enter', data: { name: 'Ada' } })
    expect(await outcome(entered)).toBe('pending')
    reply(link, 'enter')
    expect(await entered).toBeUndefined()
    expect(link.of('subscribe')).toEqual([])
  })

  test('waits for a link however long, and is told to each new one right after it is connected', async () => {
    const world = new World()
    const { presence } = world.client.channel('room')
    const entered = presence.enter(1)
    world.network.tell('offline')
    world.link.end()
    await world.clock.advance(60_000)
    world.network.tell('online')
    await world.clock.advance(100)
    world.link.accept()
    expect(asked(world.link)).toEqual([{ action: 'enter', data: 1 }])
    reply(world.link, 'enter')
    await entered
    const next = await world.reconnect()
    expect(asked(next)).toEqual([{ action: 'enter', data: 1 }])
    reply(next, 'enter')
    const changed = presence.enter(2)
    const third = await world.reconnect()
    expect(asked(third), 'only what it shows now').toEqual([{ action: 'enter', data: 2 }])
    reply(third, 'enter')
    await changed
  })

  test('ends with leave, also for what did not get through yet, and is not told again', async () => {
    const world = new World()
    const first = await world.connect()
    const { presence } = world.client.channel('room')
    const entered = presence.enter(1)
    const left = presence.leave()
    expect(await outcome(entered)).toBe('ABORTED')
    expect(asked(first)).toEqual([{ action: 'enter', data: 1 }, 'leave'])
    reply(first, 'leave')
    await left
    const next = await world.reconnect()
    expect(asked(next)).toEqual([])
  })

  test('left while there is no link, however long, is told to the next one, and not entered', async () => {
    const world = new World()
    const first = await world.connect()
    const { presence } = world.client.channel('room')
    void presence.enter(1)
    reply(first, 'enter')
    world.network.tell('offline')
    first.end()
    const left = presence.leave()
    await world.clock.advance(60_000)
    expect(await outcome(left)).toBe('pending')
    world.network.tell('online')
    await world.clock.advance(100)
    world.link.accept()
    expect(asked(world.link)).toEqual(['leave'])
    const next = await world.reconnect()
    expect(asked(next), 'until it is answered').toEqual(['leave'])
    reply(next, 'leave')
    expect(await left).toBeUndefined()
    expect(asked(await world.reconnect())).toEqual([])
  })

  test('and not, and so on, while there is no link: what is wanted last is so in the end', async () => {
    const world = new World()
    const first = await world.connect()
    const { presence } = world.client.channel('room')
    first.end()
    const given = [presence.enter(1), presence.leave(), presence.enter(2), presence.leave()].map(later)
    const entered = presence.enter(3)
    for (const each of given.slice(0, 3)) expect(await outcome(each)).toBe('ABORTED')
    await world.clock.advance(20_000)
    world.link.accept()
    reply(world.link, 'leave')
    reply(world.link, 'enter')
    await Promise.all([given[3], entered])
    expect(asked(world.link)).toEqual(['leave', { action: 'enter', data: 3 }])
    expect(asked(await world.reconnect())).toEqual([{ action: 'enter', data: 3 }])
  })

  test('can be left when the outbox is full', async () => {
    const world = new World({ outbox: { messages: 1 } })
    const link = await world.connect()
    const { presence } = world.client.channel('room')
    void presence.enter(1)
    reply(link, 'enter')
    void world.client.channel('room').publish(1)
    const left = presence.leave()
    reply(link, 'leave')
    await left
    expect(asked(await world.reconnect())).toEqual([])
  })

  test('that is refused is not asked for again', async () => {
    const world = new World()
    const link = await world.connect()
    const entered = world.client.channel('room').presence.enter(1)
    link.say({ type: 'error', ref: link.last('presence').ref, code: 'FORBIDDEN', message: 'no' })
    await expect(entered).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(asked(await world.reconnect())).toEqual([])
  })

  test('left while it is told to a later link is no fault', async () => {
    const world = new World()
    const first = await world.connect()
    const faults: unknown[] = []
    world.client.on('error', ({ error }) => faults.push(error))
    const { presence } = world.client.channel('room')
    void presence.enter(1)
    reply(first, 'enter')
    const next = await world.reconnect()
    const left = presence.leave()
    reply(next, 'leave')
    await left
    expect(faults).toEqual([])
  })

  test('that is refused on a later link is told as error event', async () => {
    const world = new World()
    const first = await world.connect()
    const faults: unknown[] = []
    world.client.on('error', ({ error }) => faults.push((error as { code: string }).code))
    void world.client.channel('room').presence.enter(1)
    reply(first, 'enter')
    const next = await world.reconnect()
    next.say({ type: 'error', ref: next.last('presence').ref, code: 'FORBIDDEN', message: 'no more' })
    expect(faults).toEqual(['FORBIDDEN'])
    expect(asked(await world.reconnect())).toEqual([])
  })

  test('is tried again after a back-off when the server cannot do it now, in order', async () => {
    const world = new World()
    const link = await world.connect()
    const { presence } = world.client.channel('room')
    const first = presence.enter(1)
    const second = presence.enter(2)
    expect(asked(link), 'one by one').toEqual([{ action: 'enter', data: 1 }])
    link.say({ type: 'error', ref: link.last('presence').ref, code: 'UNAVAILABLE', message: '', retryable: true })
    await world.clock.advance(349)
    expect(asked(link)).toHaveLength(1)
    await world.clock.advance(1)
    reply(link, 'enter')
    await first
    reply(link, 'enter')
    await second
    expect(asked(link)).toEqual([1, 1, 2].map((data) => ({ action: 'enter', data })))
  })

  test('fails with CLOSED when the client is closed', async () => {
    const world = new World()
    const fault = vi.fn()
    world.client.on('error', fault)
    const entered = world.client.channel('room').presence.enter(1)
    world.client.channel('room').on('presence', () => {})
    await world.client.close()
    expect(await outcome(entered)).toBe('CLOSED')
    expect(await outcome(world.client.channel('room').presence.enter(1))).toBe('CLOSED')
    expect(world.clock.pending).toBe(0)
    expect(fault).not.toHaveBeenCalled()
  })

  test('takes room in the outbox', async () => {
    const world = new World({ outbox: { messages: 1 } })
    const { presence } = world.client.channel('room')
    void presence.enter(1)
    expect(await outcome(presence.enter(2))).toBe('OUTBOX_FULL')
    world.link.accept()
    reply(world.link, 'enter')
    expect(asked(await world.reconnect()), 'what was rejected is not shown').toEqual([{ action: 'enter', data: 1 }])
  })
})

describe('reading who is present', () => {
  test('gives each user once, with the latest data, and counts sessions', async () => {
    const world = new World()
    const link = await world.connect()
    const got = world.client.channel('room').presence.get()
    reply(link, 'get', { count: 4, members: [ada, bob, ada2, { user: null, session: 'x' }] })
    expect(await got).toEqual({ count: 4, members: [ada2, bob, { user: null, session: 'x' }] })
    const many = world.client.channel('room').presence.get()
    reply(link, 'get', { count: 5_000 })
    expect(await many).toEqual({ count: 5_000, members: undefined })
  })

  test('has 10 s, and gives up with its signal', async () => {
    const world = new World()
    const { presence } = world.client.channel('room')
    const slow = later(presence.get())
    const controller = new AbortController()
    const given = presence.get({ signal: controller.signal })
    controller.abort()
    expect(await outcome(given)).toBe('ABORTED')
    await world.clock.advance(10_000)
    expect(await outcome(slow)).toBe('TIMEOUT')
  })
})

describe('watching who is present', () => {
  test('begins with the first listener for join, leave or presence, ends with the last, and subscribes to nothing', async () => {
    const world = new World()
    const link = await world.connect()
    const room = world.client.channel('room')
    const offs = [
      room.on('join', () => {}),
      room.on('presence', () => {}),
      world.client.channel('room').on('leave', () => {}),
    ]
    expect(asked(link)).toEqual(['watch'])
    reply(link, 'watch', { count: 0, members: [] })
    offs[0]?.()
    offs[1]?.()
    expect(asked(link)).toEqual(['watch'])
    offs[2]?.()
    expect(asked(link)).toEqual(['watch', 'unwatch'])
    expect(link.of('subscribe')).toEqual([])
    room.on('message', () => {})
    expect(asked(link)).toEqual(['watch', 'unwatch'])
  })

  test('tells who is there at first, then each change: a user joins with the first session and leaves with the last', async () => {
    const { heard, change } = await watching([bob])
    expect(heard).toEqual([['presence', { count: 1, members: [bob] }]])
    heard.length = 0
    change('join', 2, ada)
    expect(heard).toEqual([
      ['join', ada],
      ['presence', { count: 2, members: [bob, ada] }],
    ])
    heard.length = 0
    change('join', 3, ada2)
    change('leave', 4, ada)
    expect(heard).toEqual([
      ['presence', { count: 3, members: [bob, ada2] }],
      ['presence', { count: 2, members: [bob, ada2] }],
    ])
    heard.length = 0
    change('leave', 5, ada2)
    expect(heard).toEqual([
      ['leave', ada2],
      ['presence', { count: 1, members: [bob] }],
    ])
  })

  test('sees a change of what a member shows, and not as joining', async () => {
    const { heard, change } = await watching([ada])
    heard.length = 0
    const changed = { ...ada, data: { name: 'Ada L.' } }
    change('join', 2, changed)
    expect(heard).toEqual([['presence', { count: 1, members: [changed] }]])
  })

  test('keeps anonymous sessions apart, even from a user of their name', async () => {
    const { heard, change } = await watching([])
    const ghost = { user: null, session: 'ada' }
    change('join', 2, ada)
    change('join', 3, ghost)
    change('join', 4, { user: null, session: 'other' })
    expect(heard.at(-1)).toMatchObject(['presence', { count: 3, members: [ada, ghost, { session: 'other' }] }])
  })

  test('drops what it knows already; a hole has everything read again, once', async () => {
    const { link, heard, change } = await watching([bob])
    heard.length = 0
    change('join', 1, ada)
    expect(heard).toEqual([])
    change('join', 4, ada)
    change('join', 5, ada2)
    expect(heard).toEqual([])
    expect(asked(link)).toEqual(['watch', 'watch'])
    reply(link, 'watch', { position: { epoch: 'e', offset: 5 }, count: 3, members: [bob, ada, ada2] })
    expect(heard).toEqual([
      ['join', ada2],
      ['presence', { count: 3, members: [bob, ada2] }],
    ])
    change('leave', 6, bob)
    expect(heard).toHaveLength(4)
  })

  test('that the server ends is asked for again, and tells as error event why it is over', async () => {
    const { world, link, heard, change } = await watching([bob])
    const faults: unknown[] = []
    world.client.on('error', ({ error }) => faults.push((error as { code: string }).code))
    heard.length = 0
    const { ref } = link.last('presence')
    link.say({ type: 'error', code: 'INTERNAL', message: 'of nothing known' })
    link.say({ type: 'error', ref: ref + 1_000, code: 'INTERNAL', message: 'of something else' })
    expect(asked(link)).toEqual(['watch'])
    link.say({ type: 'error', ref, code: 'FORBIDDEN', message: 'not any more' })
    change('join', 2, ada)
    expect([heard, asked(link)]).toEqual([[], ['watch', 'watch']])
    link.say({ type: 'error', ref: link.last('presence').ref, code: 'FORBIDDEN', message: 'no' })
    await settled()
    expect([heard, faults]).toEqual([[], ['FORBIDDEN']])
    link.say({ type: 'error', ref, code: 'FORBIDDEN', message: 'late news' })
    expect(asked(link)).toEqual(['watch', 'watch'])
  })

  test('that ended is not asked for again when the server ends it too', async () => {
    const { link, off } = await watching([bob])
    const { ref } = link.last('presence')
    off()
    link.say({ type: 'error', ref, code: 'FORBIDDEN', message: 'crossed' })
    expect(asked(link)).toEqual(['watch', 'unwatch'])
  })

  test('is told to each new link, and tells who came and went meanwhile', async () => {
    const { world, heard } = await watching([ada, bob])
    heard.length = 0
    const next = await world.reconnect()
    expect(asked(next)).toEqual(['watch'])
    reply(next, 'watch', { position: { epoch: 'f', offset: 1 }, count: 1, members: [{ ...bob, session: 'b2' }] })
    expect(heard).toEqual([
      ['leave', ada],
      ['presence', { count: 1, members: [{ ...bob, session: 'b2' }] }],
    ])
  })

  test('asks again at once after a hole, and after a back-off when that was of no use', async () => {
    const { world, link, change } = await watching([bob])
    const watches = () => asked(link).length
    const hole = () => {
      change('join', 9, ada)
      return watches()
    }
    expect(hole(), 'at once').toBe(2)
    reply(link, 'watch', { count: 1, members: [bob] })
    expect(hole(), 'not at once').toBe(2)
    await world.clock.advance(349)
    expect(watches()).toBe(2)
    await world.clock.advance(1)
    expect(watches()).toBe(3)
    reply(link, 'watch', { count: 1, members: [bob] })
    hole()
    await world.clock.advance(599)
    expect(watches(), 'later each time').toBe(3)
    await world.clock.advance(1)
    reply(link, 'watch', { count: 1, members: [bob] })
    change('join', 2, ada)
    expect(hole(), 'at once, after a change that joined on').toBe(5)
  })

  test('that the server ends again and again is asked for after a back-off', async () => {
    const { world, link } = await watching([bob])
    const end = () =>
      link.say({ type: 'error', ref: link.last('presence').ref, code: 'UNAVAILABLE', message: '', retryable: true })
    end()
    reply(link, 'watch', { count: 1, members: [bob] })
    end()
    expect(asked(link)).toHaveLength(2)
    await world.clock.advance(350)
    expect(asked(link)).toHaveLength(3)
  })

  test('above the limit of the server hears counts only, and below it the list again', async () => {
    const { link, heard, change } = await watching(undefined, 2_000)
    expect(heard).toEqual([['presence', { count: 2_000, members: undefined }]])
    link.say({ type: 'presence', channel: 'room', position: { epoch: 'e', offset: 9 }, count: 2_001 })
    expect(heard.at(-1)).toEqual(['presence', { count: 2_001, members: undefined }])
    link.say({ type: 'presence', channel: 'room', position: { epoch: 'e', offset: 12 }, count: 1, members: [ada] })
    expect(heard.slice(2)).toEqual([['presence', { count: 1, members: [ada] }]])
    change('join', 13, bob)
    expect(heard.slice(3)).toMatchObject([
      ['join', bob],
      ['presence', {}],
    ])
  })

  test('that is refused is told as error event; what still comes after it ended is not heard', async () => {
    const { world, link, heard, change, off } = await watching([bob])
    heard.length = 0
    off()
    change('join', 2, ada)
    world.client.channel('room').on('join', (member) => heard.push(member))
    change('join', 3, ada2)
    expect(heard).toEqual([])
    const faults: unknown[] = []
    world.client.on('error', ({ error }) => faults.push((error as { code: string }).code))
    link.say({ type: 'error', ref: link.last('presence').ref, code: 'FORBIDDEN', message: 'no' })
    await settled()
    expect(faults).toEqual(['FORBIDDEN'])
  })
})
