import { array, assert, asyncProperty, constantFrom, integer, scheduler } from 'fast-check'
import { expect, test } from 'vitest'
import { Inbox } from '../../src/core/inbox.js'

const NOBODY = {
  failed(error: unknown) {
    throw error
  },
}

function gate() {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

test('tasks of one key run one after the other in their order, whatever each waits for', async () => {
  const keys = array(constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 30 })
  await assert(
    asyncProperty(scheduler(), keys, async (s, tasks) => {
      const inbox = new Inbox(100, 100, NOBODY)
      const running = new Map<string, number>()
      const done = new Map<string, number[]>()
      for (const [i, key] of tasks.entries()) {
        inbox.run(key, async () => {
          expect(running.get(key) ?? 0).toBe(0)
          running.set(key, 1)
          await s.schedule(Promise.resolve(), `${key}${i}`)
          running.set(key, 0)
          done.set(key, [...(done.get(key) ?? []), i])
        })
      }
      await s.waitIdle()
      for (const key of new Set(tasks)) {
        expect(done.get(key)).toEqual([...tasks.keys()].filter((i) => tasks[i] === key))
      }
    }),
    { numRuns: 60 },
  )
})

test('tasks of different keys run side by side, and the first of a key starts at once', async () => {
  const inbox = new Inbox(10, 10, NOBODY)
  const started: string[] = []
  const { opened, open } = gate()
  for (const key of ['a', 'b', 'a']) {
    inbox.run(key, async () => {
      started.push(key)
      await opened
    })
  }
  expect(started).toEqual(['a', 'b'])
  open()
  await new Promise(setImmediate)
  expect(started).toEqual(['a', 'b', 'a'])
})

test('a key takes so many tasks, the link so many, and each that ends makes place for one', async () => {
  const inbox = new Inbox(3, 2, NOBODY)
  const { opened, open } = gate()
  const wait = () => opened
  expect([inbox.run('a', wait), inbox.run('a', wait), inbox.run('a', wait)]).toEqual([true, true, false])
  expect([inbox.run('b', wait), inbox.run('b', wait), inbox.run('c', wait)]).toEqual([true, false, false])
  open()
  await new Promise(setImmediate)
  expect([inbox.run('a', wait), inbox.run('a', wait), inbox.run('c', wait)]).toEqual([true, true, true])
})

test('a task that was not taken never runs', async () => {
  await assert(
    asyncProperty(integer({ min: 1, max: 5 }), async (most) => {
      const inbox = new Inbox(most, most, NOBODY)
      let ran = 0
      const task = async () => void (ran += 1)
      const taken = Array.from({ length: 10 }, () => inbox.run('a', task)).filter(Boolean)
      await new Promise(setImmediate)
      expect([taken.length, ran]).toEqual([most, most])
    }),
    { numRuns: 5 },
  )
})

test('a task that fails is told to the owner, and holds up nobody', async () => {
  const failures: unknown[] = []
  const inbox = new Inbox(2, 2, { failed: (error) => void failures.push(error) })
  const ran: string[] = []
  inbox.run('a', () => Promise.reject(new Error('no')))
  inbox.run('a', async () => void ran.push('a'))
  await new Promise(setImmediate)
  expect([failures.map(String), ran]).toEqual([['Error: no'], ['a']])
  expect([inbox.run('a', async () => undefined), inbox.run('b', async () => undefined)]).toEqual([true, true])
})
