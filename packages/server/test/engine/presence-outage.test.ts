import { expect, test } from 'vitest'
import type { Backend, MemoryBackend, PresenceStore } from '../../src/index.js'
import type { MemoryLink } from '../support/memory-link.js'
import { answer, ask, room, told } from '../support/presence-room.js'
import type { VirtualClock } from '../../src/testing/index.js'

const GRACE_MS = 12_000
const TTL_MS = 60_000

/** A world whose nodes reach the presence store or do not, before or after it has done what it was asked. */
function weather() {
  const state: { down: false | 'before' | 'after'; calls: string[] } = { down: false, calls: [] }
  const through = (store: PresenceStore): PresenceStore =>
    Object.fromEntries(
      Object.entries(store).map(([name, call]: [string, (...args: unknown[]) => Promise<unknown>]) => [
        name,
        async (...args: unknown[]) => {
          state.calls.push(name)
          if (state.down === 'before') throw new Error('the store is down')
          const value = await call(...args)
          if (state.down === 'after') throw new Error('the answer was lost')
          return value
        },
      ]),
    ) as unknown as PresenceStore
  const wrap = (backend: MemoryBackend): Backend => ({
    join(handler) {
      const joined = backend.join(handler)
      return { ...joined, presence: through(joined.presence) }
    },
  })
  return { state, ...room({ wrap }) }
}

async function live(clock: VirtualClock, links: readonly MemoryLink[], ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5_000) {
    for (const link of links) link.trickle()
    await clock.advance(Math.min(left, 5_000))
  }
}

test.each(['enter', 'leave', 'get', 'watch'] as const)(
  'while the store cannot be reached, %s is UNAVAILABLE and may be tried again',
  async (action) => {
    const { state, user } = weather()
    const ada = await user('ada')
    state.down = 'before'
    expect(await answer(ada, action)).toMatchObject({ type: 'error', code: 'UNAVAILABLE', retryable: true })
    state.down = false
    expect(await answer(ada, action)).toMatchObject({ type: 'reply' })
  },
)

test('the server is told as well that the store cannot be reached', async () => {
  const { state, server } = weather()
  state.down = 'before'
  await expect(server.presence('c')).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
})

test('who was told UNAVAILABLE though it had entered leaves like anybody else', async () => {
  const { state, user, watcher, clock } = weather()
  const eve = await watcher()
  const ada = await user('ada')
  state.down = 'after'
  expect(await answer(ada, 'enter')).toMatchObject({ code: 'UNAVAILABLE' })
  state.down = false
  await ada.cut()
  await live(clock, [eve], GRACE_MS + 1_000)
  expect(told(eve.take())).toEqual(['+ada', '-ada'])
})

test('an enter whose outcome is not known is done once more by itself', async () => {
  const { state, user, watcher, clock } = weather()
  const eve = await watcher()
  const ada = await user('ada')
  await ask(ada, 'enter', 1)
  state.down = 'before'
  expect(await answer(ada, 'enter', 2)).toMatchObject({ code: 'UNAVAILABLE' })
  state.down = false
  await live(clock, [eve, ada], TTL_MS / 4)
  expect(told(eve.take())).toEqual(['+ada:1', '+ada:2'])
})

test('a leave that the store did not hear of is tried again, until it has', async () => {
  const { state, user, watcher, clock } = weather()
  const eve = await watcher()
  const ada = await user('ada')
  await ask(ada, 'enter')
  state.down = 'before'
  expect(await answer(ada, 'leave')).toMatchObject({ code: 'UNAVAILABLE' })
  await live(clock, [eve, ada], 5_000)
  expect(told(eve.take())).toEqual(['+ada'])
  state.down = false
  await live(clock, [eve, ada], 5_000)
  expect(told(eve.take())).toEqual(['-ada'])
})

test('a leave that is still being tried does not undo that the session has entered again', async () => {
  const { state, user, watcher, clock } = weather()
  const eve = await watcher()
  const ada = await user('ada')
  await ask(ada, 'enter')
  state.down = 'before'
  await answer(ada, 'leave')
  state.down = false
  await ask(ada, 'enter')
  await live(clock, [eve, ada], 10_000)
  expect(told(eve.take())).toEqual(['+ada'])
})

test('a leave is not tried for longer than the member lives', async () => {
  const { state, user, clock } = weather()
  const ada = await user('ada')
  await ask(ada, 'enter')
  state.down = 'before'
  await ada.cut()
  await clock.advance(GRACE_MS + TTL_MS + 5_000)
  state.calls.length = 0
  state.down = false
  await clock.advance(20_000)
  expect(state.calls).not.toContain('leave')
})

test('an outage longer than the time to live takes nobody away who is still there, and the dead go a round later', async () => {
  const { state, user, watcher, node, clock, mortalNode, server } = weather()
  const eve = await watcher()
  const ada = await user('ada')
  const max = await user('max', node())
  await ask(ada, 'enter')
  await ask(max, 'enter')
  const { server: doomed, kill } = mortalNode()
  await ask(await user('ghost', doomed), 'enter')
  state.down = 'before'
  kill()
  await live(clock, [eve, ada, max], TTL_MS * 5)
  expect(told(eve.take())).toEqual(['+ada', '+max', '+ghost'])
  state.down = false
  await live(clock, [eve, ada, max], 4_000)
  expect((await server.presence('c')).count).toBe(3)
  await live(clock, [eve, ada, max], TTL_MS)
  expect(told(eve.take())).toEqual(['-ghost'])
})

test('a member that a failover lost for good is gone when its node had the time of a lost link to enter it again', async () => {
  const { user, watcher, clock, backend } = weather()
  const eve = await watcher()
  const [ada, max] = [await user('ada'), await user('max')]
  const replica = backend.checkpoint()
  await ask(ada, 'enter')
  await ask(max, 'enter')
  expect(told(eve.take()).at(-1)).toBe('+max')
  backend.setDegraded(true)
  await max.say({ type: 'goodbye' })
  await live(clock, [eve, ada], 1_000)
  backend.failOver(replica)
  backend.setDegraded(false)
  await live(clock, [eve, ada], 5_000)
  // The same list, at its place in the new history.
  expect(told(eve.take())).toEqual(['[ada,max]'])
  await live(clock, [eve, ada], 10_000)
  expect(told(eve.take())).toEqual(['[ada]'])
})

test('while somebody is awaited after a failover, all others are told of as always', async () => {
  const { user, watcher, clock, backend } = weather()
  const eve = await watcher()
  const [ada, max, kim] = [await user('ada'), await user('max'), await user('kim')]
  const replica = backend.checkpoint()
  for (const link of [ada, max]) await ask(link, 'enter')
  backend.setDegraded(true)
  await max.say({ type: 'goodbye' })
  await live(clock, [eve, ada, kim], 1_000)
  backend.failOver(replica)
  backend.setDegraded(false)
  await live(clock, [eve, ada, kim], 3_000)
  expect(told(eve.take())).toEqual(['+ada', '+max', '[ada,max]'])
  await ask(kim, 'enter')
  await ask(ada, 'enter', 'other')
  await ask(kim, 'leave')
  expect(told(eve.take())).toEqual(['+kim', '+ada:"other"', '-kim'])
  // Another failover, which loses nothing, does not make anybody forget whom they wait for.
  backend.failOver()
  await live(clock, [eve, ada, kim], 5_000)
  expect(told(eve.take()).at(-1)).toBe('[ada:"other",max]')
  await live(clock, [eve, ada, kim], 15_000)
  expect(told(eve.take())).toEqual(['[ada:"other"]'])
})

test('a failover is told as one list, without a moment in which who entered since the replica is gone; who left since goes again', async () => {
  const { user, watcher, clock, backend } = weather()
  const eve = await watcher()
  const [ada, max] = [await user('ada'), await user('max')]
  await ask(ada, 'enter', 'old')
  await ask(max, 'enter')
  const replica = backend.checkpoint()
  await ask(ada, 'enter', 'new')
  const late = await user('late')
  await ask(late, 'enter')
  await ask(max, 'leave')
  eve.take()
  backend.failOver(replica)
  await live(clock, [eve, ada, max, late], 1_000)
  const [list, ...back] = told(eve.take())
  expect([list, back]).toEqual(['[ada:"new",late,max]', []])
  await live(clock, [eve, ada, max, late], TTL_MS + 5_000)
  expect(told(eve.take())).toEqual(['-max'])
})

test('a failover without loss is told as the same list', async () => {
  const { user, watcher, clock, backend } = weather()
  const eve = await watcher()
  const ada = await user('ada')
  await ask(ada, 'enter')
  eve.take()
  backend.failOver()
  await live(clock, [eve, ada], TTL_MS * 2)
  expect(told(eve.take())).toEqual(['[ada]'])
})

test('members are renewed in one call, whatever their channels', async () => {
  const { state, user, clock } = weather()
  const links = [await user('ada'), await user('eve'), await user('max')]
  for (const link of links) for (const channel of ['a', 'b', 'c']) await ask(link, 'enter', undefined, channel)
  state.calls.length = 0
  await live(clock, links, TTL_MS / 4)
  expect(state.calls.sort()).toEqual(['reap', 'renew'])
})
