import { expect, test } from 'vitest'
import { Turns } from '../../src/core/turns.js'
import { VirtualClock } from '../../src/testing/index.js'

function setUp() {
  const clock = new VirtualClock()
  const turns = new Turns(clock)
  const begun: string[] = []
  const ends: Array<() => void> = []
  const take = (kind: string, name = kind, isAgain = false) => {
    const work = () => {
      begun.push(name)
      return new Promise<void>((resolve) => ends.push(resolve))
    }
    return turns.take(kind, work, isAgain)
  }
  return {
    clock,
    turns,
    begun,
    take,
    many: (kind: string, count: number) => Array.from({ length: count }, (_, i) => take(kind, `${kind}${i}`)),
    /** Has the oldest so many be answered. */
    async end(count = 1) {
      for (const end of ends.splice(0, count)) end()
      await clock.settle()
    },
  }
}

test('work begins at once while there is room, and in its turn when what is under way is answered', async () => {
  const { begun, many, end } = setUp()
  many('a', 203)
  expect(begun).toHaveLength(200)
  await end(2)
  expect(begun.slice(200)).toEqual(['a200', 'a201'])
})

test('what work comes to is what is answered, and what fails or throws makes room as well', async () => {
  const { clock, turns, begun, many } = setUp()
  many('a', 199)
  const failed = turns.take('b', () => Promise.reject(new Error('refused')))
  const threw = turns.take('b', () => {
    throw new Error('thrown')
  })
  const done = turns.take('b', () => Promise.resolve(7))
  await expect(failed.done).rejects.toThrow('refused')
  await expect(threw.done).rejects.toThrow('thrown')
  expect(await done.done).toBe(7)
  await clock.settle()
  expect(begun).toHaveLength(199)
})

test('a kind of work does not wait for the end of a long queue of another', async () => {
  const { begun, many, end } = setUp()
  many('a', 1_000)
  many('b', 3)
  many('c', 1)
  await end(8)
  expect(begun.slice(200)).toEqual(['b0', 'c0', 'a200', 'b1', 'a201', 'b2', 'a202', 'a203'])
})

test('what somebody waits for is next, and is done once', async () => {
  const { begun, many, end } = setUp()
  const [first, ...others] = many('a', 300)
  others.at(-1)?.hasten()
  others.at(-1)?.hasten()
  first?.hasten()
  await end(2)
  expect(begun.slice(200)).toEqual(['a299', 'a200'])
  await end(98)
  expect(begun).toHaveLength(300)
  await end(200)
  expect(new Set(begun).size).toBe(begun.length)
})

test('what is not answered makes room for what may be, up to a bound, and takes it again when it is answered', async () => {
  const { clock, begun, many, end } = setUp()
  many('a', 5_000)
  await clock.advance(499)
  expect(begun).toHaveLength(200)
  await clock.advance(1)
  expect(begun).toHaveLength(400)
  await clock.advance(60_000)
  expect(begun).toHaveLength(1_000)
  await end(1_000)
  expect(begun).toHaveLength(1_200)
})

test('what has not begun when everything ends never does, and no timer is left', async () => {
  const { clock, turns, begun, many, take, end } = setUp()
  const waiting = many('a', 250).at(-1)
  turns.close()
  waiting?.hasten()
  take('a', 'late')
  await end(200)
  await clock.advance(10_000)
  expect([begun.length, clock.pending]).toEqual([200, 0])
})

test('what has failed before takes some of the room, and not all, though it is never answered', async () => {
  const { clock, begun, take, many, end } = setUp()
  for (let i = 0; i < 3_000; i++) take('a', 'again', true)
  await clock.advance(60_000)
  expect(begun).toHaveLength(100)
  many('a', 150)
  many('b', 150)
  expect(begun).toHaveLength(300)
  await clock.advance(500)
  expect(begun).toHaveLength(400)
  await end(10)
  expect(begun.filter((name) => name === 'again')).toHaveLength(110)
})
