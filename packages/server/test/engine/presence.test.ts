import { contract, type StandardSchema } from '@org/realtime-protocol'
import { describe, expect, test } from 'vitest'
import type { MemoryLink } from '../support/memory-link.js'
import { answer, ask, listed, room, told } from '../support/presence-room.js'
import type { VirtualClock } from '../../src/testing/index.js'

const GRACE_MS = 12_000
const TTL_MS = 60_000

describe('entering and leaving', () => {
  test('who enters is present, with the data shown, until it leaves', async () => {
    const { user, server } = room()
    const ada = await user('ada')
    const session = ada.only('connected').session.id
    const { position } = await ask(ada, 'enter', { mood: 'fine' })
    expect(position.offset).toBe(1)
    expect(await server.presence('c')).toEqual({
      count: 1,
      members: [{ user: 'ada', session, data: { mood: 'fine' } }],
    })
    expect((await ask(ada, 'leave')).position).toEqual({ ...position, offset: 2 })
    expect(await server.presence('c')).toEqual({ count: 0, members: [] })
  })

  test('watchers are told of joins, changes and leaves, in order, each with the next position', async () => {
    const { user, watcher } = room()
    const eve = await watcher()
    const ada = await user('ada')
    await ask(ada, 'enter', 1)
    await ask(ada, 'enter', 2)
    await ask(ada, 'leave')
    const frames = eve.take()
    expect(told(frames)).toEqual(['+ada:1', '+ada:2', '-ada'])
    expect(frames.map((frame) => 'offset' in frame && frame.offset)).toEqual([1, 2, 3])
    expect(new Set(frames.map((frame) => 'epoch' in frame && frame.epoch)).size).toBe(1)
  })

  test('entering again with the same data is told to nobody', async () => {
    const { user, watcher } = room()
    const eve = await watcher()
    const ada = await user('ada')
    const first = await ask(ada, 'enter', { a: 1 })
    expect((await ask(ada, 'enter', { a: 1 })).position).toEqual(first.position)
    expect(told(eve.take())).toEqual(['+ada:{"a":1}'])
  })

  test('two sessions of a user are two members, and an anonymous session is one', async () => {
    const { user, connected, server } = room()
    for (const link of [await user('ada'), await user('ada'), await connected()]) await ask(link, 'enter')
    const { count, members } = await server.presence('c')
    expect([count, members?.map((member) => member.user)]).toEqual([3, ['ada', 'ada', null]])
  })

  test('to leave where one never was is answered like any leave', async () => {
    const { user } = room()
    expect(await ask(await user('ada'), 'leave')).toMatchObject({ position: { epoch: '', offset: 0 } })
  })

  test('requests about one channel are done in the order they came', async () => {
    const { user, clock, watcher } = room()
    const eve = await watcher()
    const ada = await user('ada')
    for (const [i, action] of (['enter', 'leave', 'enter', 'leave', 'enter'] as const).entries())
      ada.tell({ type: 'presence', ref: i, channel: 'c', action })
    await clock.settle()
    expect(told(eve.take())).toEqual(['+ada', '-ada', '+ada', '-ada', '+ada'])
  })
})

describe('watching', () => {
  test('is answered with who is there, and then told every change after that position', async () => {
    const { user } = room()
    const ada = await user('ada')
    await ask(ada, 'enter', 1)
    const eve = await user('eve')
    const reply = await ask(eve, 'watch')
    expect([listed(reply as never), reply.position.offset]).toEqual(['[ada:1]', 1])
    eve.take()
    await ask(ada, 'leave')
    expect(eve.take()).toMatchObject([{ type: 'leave', ...reply.position, offset: 2, user: 'ada' }])
  })

  test('again gives a new list, and no change is told twice', async () => {
    const { user, watcher } = room()
    const eve = await watcher()
    const ada = await user('ada')
    await ask(ada, 'enter')
    expect(listed((await ask(eve, 'watch')) as never)).toBe('[ada]')
    eve.take()
    await ask(ada, 'leave')
    expect(told(eve.take())).toEqual(['-ada'])
  })

  test('ends with unwatch, and with the link', async () => {
    const { user, watcher, clock } = room()
    const eve = await watcher()
    const max = await watcher()
    await max.cut()
    expect((await ask(eve, 'unwatch')).position).toEqual({ epoch: '', offset: 0 })
    eve.take()
    await ask(await user('ada'), 'enter')
    await clock.advance(1_000)
    expect([told(eve.take()), told(max.take())]).toEqual([[], []])
  })

  test('get lists without watching', async () => {
    const { user } = room()
    const ada = await user('ada')
    await ask(ada, 'enter')
    const eve = await user('eve')
    expect(listed((await ask(eve, 'get')) as never)).toBe('[ada]')
    eve.take()
    await ask(ada, 'leave')
    expect(told(eve.take())).toEqual([])
  })

  test('reaches over nodes, and who watches hears of its own entering too', async () => {
    const { user, node, watcher } = room()
    const other = node()
    const eve = await watcher(other)
    await ask(eve, 'enter')
    await ask(await user('ada'), 'enter')
    expect(told(eve.take())).toEqual(['+watcher', '+ada'])
    expect(listed((await ask(await user('max'), 'get')) as never)).toBe('[ada,watcher]')
  })

  test('a channel is read once for all who watch it on a node, and let go some time after the last one', async () => {
    const calls: string[] = []
    const { user, watcher, clock } = room({
      wrap: (backend) => ({
        join(handler) {
          const joined = backend.join(handler)
          const { presence } = joined
          return {
            ...joined,
            presence: {
              ...presence,
              list: (...args) => (calls.push('list'), presence.list(...args)),
              watch: (...args) => (calls.push('watch'), presence.watch(...args)),
              unwatch: (...args) => (calls.push('unwatch'), presence.unwatch(...args)),
            },
          }
        },
      }),
    })
    const links = [await watcher(), await watcher(), await user('eve')]
    await ask(links[2] ?? (await user('eve')), 'watch')
    expect(calls).toEqual(['watch', 'list'])
    for (const link of links) await link.cut()
    await clock.advance(9_000)
    const back = await watcher()
    await clock.advance(20_000)
    back.trickle()
    await back.cut()
    expect(calls).toEqual(['watch', 'list'])
    await clock.advance(11_000)
    expect(calls).toEqual(['watch', 'list', 'unwatch'])
  })
})

describe('the end of a link', () => {
  test('a session whose link is lost leaves after the grace', async () => {
    const { user, watcher, clock } = room()
    const eve = await watcher()
    const ada = await user('ada')
    await ask(ada, 'enter')
    await ada.cut()
    await clock.advance(GRACE_MS - 1)
    expect(told(eve.take())).toEqual(['+ada'])
    await clock.advance(1_000)
    expect(told(eve.take())).toEqual(['-ada'])
  })

  test.each(['the same node', 'another node'])(
    'a reconnect to %s within the grace is seen by nobody',
    async (where) => {
      const { user, watcher, again, node, clock, server } = room()
      const eve = await watcher()
      const ada = await user('ada')
      await ask(ada, 'enter', 1)
      await ada.cut()
      await clock.advance(GRACE_MS - 1_000)
      const back = await again(ada, where === 'the same node' ? server : node())
      await ask(back, 'enter', 1)
      await live(clock, [eve, back], TTL_MS * 2)
      expect(told(eve.take())).toEqual(['+ada:1'])
      expect(await server.presence('c')).toMatchObject({ count: 1 })
    },
  )

  test('a reconnect that shows something else is told as a change, not as a leave and a join', async () => {
    const { user, watcher, again, clock } = room()
    const eve = await watcher()
    const ada = await user('ada')
    await ask(ada, 'enter', 1)
    await ada.cut()
    await ask(await again(ada), 'enter', 2)
    await clock.advance(GRACE_MS * 2)
    expect(told(eve.take())).toEqual(['+ada:1', '+ada:2'])
  })

  test('a session that is resumed and does not enter again leaves when the grace of its old link is over', async () => {
    const { user, watcher, again, node, clock } = room()
    const eve = await watcher()
    const ada = await user('ada')
    await ask(ada, 'enter')
    await ada.cut()
    await again(ada, node())
    await clock.advance(GRACE_MS + 1_000)
    expect(told(eve.take())).toEqual(['+ada', '-ada'])
  })

  test('a session that is not resumed leaves after the grace; the new one is another member', async () => {
    const { user, watcher, clock } = room()
    const eve = await watcher()
    const ada = await user('ada')
    await ask(ada, 'enter', 'old')
    await ada.cut()
    await ask(await user('ada'), 'enter', 'new')
    await clock.advance(GRACE_MS + 1_000)
    expect(told(eve.take())).toEqual(['+ada:"old"', '+ada:"new"', '-ada'])
  })

  test('flaps within the grace, many times, are seen by nobody, and leave nothing behind', async () => {
    const { user, watcher, again, node, clock, server } = room()
    const other = node()
    const eve = await watcher()
    let ada = await user('ada')
    await ask(ada, 'enter')
    const before = clock.pending
    for (let i = 0; i < 50; i++) {
      await ada.cut()
      ada = await again(ada, i % 3 === 0 ? other : server)
      await ask(ada, 'enter')
      await clock.advance(100)
    }
    await clock.advance(GRACE_MS + 1_000)
    expect(told(eve.take())).toEqual(['+ada'])
    expect(clock.pending).toBeLessThanOrEqual(before + 1)
  })

  test('goodbye leaves at once, everywhere', async () => {
    const { user, watcher } = room()
    const eve = await watcher()
    const ada = await user('ada')
    await ask(ada, 'enter')
    await ask(ada, 'enter', undefined, 'd')
    await ada.say({ type: 'goodbye' })
    expect(told(eve.take())).toEqual(['+ada', '-ada'])
    expect(listed((await ask(eve, 'get', undefined, 'd')) as never)).toBe('[]')
  })

  test('goodbye during the grace of an earlier link leaves at once where the session did not enter again', async () => {
    const { user, watcher, again } = room()
    const eve = await watcher()
    const ada = await user('ada')
    await ask(ada, 'enter')
    await ada.cut()
    await (await again(ada)).say({ type: 'goodbye' })
    expect(told(eve.take())).toEqual(['+ada', '-ada'])
  })

  test('leave on a new link leaves what was entered on an old one, on another node as well', async () => {
    const { user, watcher, again, node, clock } = room()
    const eve = await watcher()
    const ada = await user('ada')
    await ask(ada, 'enter')
    await ada.cut()
    await ask(await again(ada, node()), 'leave')
    expect(told(eve.take())).toEqual(['+ada', '-ada'])
    await clock.advance(GRACE_MS * 2)
    expect(told(eve.take())).toEqual([])
  })

  test('a link that ends while the application decides does not enter', async () => {
    let decide: (allowed: boolean) => void = () => undefined
    const { user, watcher, server, clock } = room({ rules: false })
    server.channel('{name}', { subscribe: true, presence: () => new Promise<boolean>((resolve) => (decide = resolve)) })
    const eve = await watcher()
    const ada = await user('ada')
    ada.tell({ type: 'presence', ref: 1, channel: 'c', action: 'enter' })
    await ada.cut()
    decide(true)
    await clock.advance(GRACE_MS * 2)
    expect(told(eve.take())).toEqual([])
  })

  test('the grace is a setting', async () => {
    const { user, watcher, clock } = room({ limits: { presenceGraceMs: 2_000 } })
    const eve = await watcher()
    const ada = await user('ada')
    await ask(ada, 'enter')
    await ada.cut()
    await clock.advance(3_000)
    expect(told(eve.take())).toEqual(['+ada', '-ada'])
  })
})

describe('rules', () => {
  test('the rule of presence decides who enters, and sees who asks, where, and with what data', async () => {
    const asked: unknown[] = []
    const { user, server } = room({ rules: false })
    server.channel('room:{id}', {
      subscribe: true,
      presence: (context, params) => {
        asked.push({ ...context, params })
        return context.user?.id === 'ada'
      },
    })
    const ada = await user('ada')
    const eve = await user('eve')
    expect(await answer(ada, 'enter', 1, 'room:7')).toMatchObject({ type: 'reply' })
    expect(await answer(eve, 'enter', 2, 'room:7')).toMatchObject({ type: 'error', code: 'FORBIDDEN' })
    expect(asked[0]).toEqual({
      user: { id: 'ada' },
      session: ada.only('connected').session.id,
      attributes: {},
      channel: 'room:7',
      data: 1,
      params: { id: '7' },
    })
  })

  test('whoever may subscribe may watch and get, and nobody else', async () => {
    const { user, server } = room({ rules: false })
    server.channel('c', { subscribe: ({ user: who }) => who?.id === 'ada', presence: true })
    const eve = await user('eve')
    await ask(eve, 'enter')
    for (const action of ['watch', 'get'] as const) {
      expect(await answer(eve, action)).toMatchObject({ code: 'FORBIDDEN' })
      expect(await answer(await user('ada'), action)).toMatchObject({ type: 'reply', count: 1 })
    }
    eve.take()
    await ask(await user('max'), 'enter')
    expect(told(eve.take())).toEqual([])
  })

  test.each(['enter', 'leave', 'get', 'watch', 'unwatch'] as const)(
    'where there is no presence, %s is UNSUPPORTED; where there is no channel, UNKNOWN_CHANNEL',
    async (action) => {
      const { user, server } = room({ rules: false })
      server.channel('c', { subscribe: true })
      const ada = await user('ada')
      expect(await answer(ada, action)).toMatchObject({ code: 'UNSUPPORTED', message: 'this channel has no presence' })
      expect(await answer(ada, action, undefined, 'nowhere')).toMatchObject({ code: 'UNKNOWN_CHANNEL' })
    },
  )

  test('whoever does not watch learns nothing of a channel by ending a watch', async () => {
    const { user, server, watcher } = room({ rules: false })
    server.channel('c', { presence: true, subscribe: ({ user }) => user?.id !== 'eve' })
    const ada = await user('ada')
    await watcher()
    await ask(ada, 'enter')
    expect((await ask(await user('eve'), 'unwatch')).position).toEqual({ epoch: '', offset: 0 })
  })

  test('a rule that throws denies with INTERNAL, and is reported', async () => {
    const { user, server, logger } = room({ rules: false })
    server.channel('c', {
      presence: () => {
        throw new Error('no database')
      },
    })
    expect(await answer(await user('ada'), 'enter')).toMatchObject({ code: 'INTERNAL', retryable: true })
    expect(logger.lines.some(({ message }) => message === 'presence rule failed')).toBe(true)
  })

  test('the schema of presence judges the data, and what it gives is what others see', async () => {
    const shout: StandardSchema<string, string> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) =>
          typeof value === 'string' ? { value: value.toUpperCase() } : { issues: [{ message: 'a text, please' }] },
      },
    }
    const app = contract({ channels: { c: { presence: shout } } })
    const { user, server } = room({ rules: false, contract: app })
    server.channel('c', { presence: true })
    const ada = await user('ada')
    await ask(ada, 'enter', 'hi')
    expect((await server.presence('c')).members).toMatchObject([{ data: 'HI' }])
    expect(await answer(ada, 'enter', 7)).toMatchObject({ code: 'INVALID_DATA', message: 'a text, please' })
  })

  test('data above presenceBytes is TOO_LARGE, counted in bytes', async () => {
    const { user } = room({ limits: { presenceBytes: 10 } })
    const ada = await user('ada')
    expect(await answer(ada, 'enter', 'üüüü')).toMatchObject({ type: 'reply' })
    expect(await answer(ada, 'enter', 'üüüüü')).toMatchObject({ code: 'TOO_LARGE' })
  })

  test('the server asks for presence by name, and is told when there is none', async () => {
    const { server } = room({ rules: false })
    server.channel('c', { subscribe: true })
    await expect(server.presence('c')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(server.presence('nowhere')).rejects.toMatchObject({ code: 'UNKNOWN_CHANNEL' })
    await expect(server.presence('')).rejects.toMatchObject({ code: 'INVALID_CHANNEL' })
  })
})

describe('limits of a session', () => {
  test('it enters as many channels as it may subscribe to, and leaving one makes room', async () => {
    const { user } = room({ limits: { channels: 3 } })
    const ada = await user('ada')
    for (const channel of ['a', 'b', 'c']) await ask(ada, 'enter', undefined, channel)
    expect(await answer(ada, 'enter', undefined, 'd')).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    await ask(ada, 'enter', 'changed', 'c')
    await ask(ada, 'leave', undefined, 'a')
    await ask(ada, 'enter', undefined, 'd')
  })

  test('what its earlier link was present in does not count', async () => {
    const { user, again } = room({ limits: { channels: 2 } })
    const ada = await user('ada')
    for (const channel of ['a', 'b']) await ask(ada, 'enter', undefined, channel)
    await ada.cut()
    const back = await again(ada)
    for (const channel of ['c', 'd']) await ask(back, 'enter', undefined, channel)
    expect(await answer(back, 'enter', undefined, 'e')).toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  test('it watches as many channels as it may subscribe to, also when it asks for all of them at once', async () => {
    const { user, clock } = room({ limits: { channels: 3 } })
    const ada = await user('ada')
    for (let i = 1; i <= 5; i++) ada.tell({ type: 'presence', ref: i, channel: `c${i}`, action: 'watch' })
    await clock.settle()
    expect(ada.all('reply').map(({ ref }) => ref)).toEqual([1, 2, 3])
    expect(ada.all('error').map(({ ref, code }) => [ref, code])).toEqual([
      [4, 'LIMIT_EXCEEDED'],
      [5, 'LIMIT_EXCEEDED'],
    ])
    await ask(ada, 'unwatch', undefined, 'c1')
    await ask(ada, 'watch', undefined, 'c4')
  })
})

describe('nodes that die', () => {
  test('its members are present until their time is over, then reaped exactly once, though many nodes look', async () => {
    const { mortalNode, node, watcher, user, clock, server } = room()
    const { server: doomed, kill } = mortalNode()
    const watchers = [await watcher(), await watcher(node()), await watcher(node())]
    const ada = await user('ada', doomed)
    await ask(ada, 'enter')
    kill()
    await live(clock, watchers, TTL_MS * 0.7)
    expect(await server.presence('c')).toMatchObject({ count: 1 })
    await live(clock, watchers, TTL_MS * 0.3)
    expect(await server.presence('c')).toMatchObject({ count: 0 })
    await live(clock, watchers, TTL_MS * 2)
    for (const link of watchers) expect(told(link.take())).toEqual(['+ada', '-ada'])
  })

  test('whoever comes back on another node within the grace is seen to go by nobody', async () => {
    const { mortalNode, watcher, user, again, clock } = room()
    const { server: doomed, kill } = mortalNode()
    const eve = await watcher()
    const ada = await user('ada', doomed)
    await ask(ada, 'enter')
    kill()
    await live(clock, [eve], 5_000)
    const back = await again(ada)
    await ask(back, 'enter')
    await live(clock, [eve, back], TTL_MS * 3)
    expect(told(eve.take())).toEqual(['+ada'])
  })

  test('members it had in channels nobody watches are gone when somebody looks, and are not kept for ever', async () => {
    const { mortalNode, user, clock, backend } = room()
    const { server: doomed, kill } = mortalNode()
    for (const channel of ['c', 'd']) await ask(await user('ada', doomed), 'enter', undefined, channel)
    expect(backend.checkpoint().presence.size).toBe(2)
    kill()
    await clock.advance(TTL_MS)
    const eve = await user('eve')
    expect(listed((await ask(eve, 'get')) as never)).toBe('[]')
    expect(backend.checkpoint().presence.size).toBe(1)
    await clock.advance(TTL_MS * 3)
    expect(backend.checkpoint().presence.size).toBe(0)
  })

  test('one that closes gives its members the grace to come back elsewhere', async () => {
    const { node, watcher, user, again, clock } = room()
    const closing = node()
    const eve = await watcher()
    const ada = await user('ada', closing)
    const max = await user('max', closing)
    await ask(ada, 'enter')
    await ask(max, 'enter')
    const closed = closing.close()
    await clock.advance(1_000)
    await closed
    const back = await again(ada)
    await ask(back, 'enter')
    expect(told(eve.take())).toEqual(['+ada', '+max'])
    await live(clock, [eve, back], GRACE_MS + TTL_MS / 4)
    expect(told(eve.take())).toEqual(['-max'])
  })

  test('one that was suspended for longer than the time to live brings its members back', async () => {
    const { mortalNode, watcher, user, clock, server } = room()
    const { server: asleep, suspend, wake } = mortalNode()
    const eve = await watcher()
    const ada = await user('ada', asleep)
    await ask(ada, 'enter', 1)
    suspend()
    await live(clock, [eve], TTL_MS)
    expect(told(eve.take())).toEqual(['+ada:1', '-ada'])
    ada.trickle()
    wake()
    await live(clock, [eve, ada], TTL_MS / 4 + 1_000)
    expect(told(eve.take())).toEqual(['+ada:1'])
    expect(await server.presence('c')).toMatchObject({ count: 1 })
  })
})

/** Lets time pass for links that answer their pings. */
async function live(clock: VirtualClock, links: readonly MemoryLink[], ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5_000) {
    for (const link of links) link.trickle()
    await clock.advance(Math.min(left, 5_000))
  }
}
