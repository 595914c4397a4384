import { array, assert, constantFrom, integer, nat, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { Buckets } from '../../src/memory/buckets.js'

const PERIOD = 100

test('what is not used is kept at least one period and gone after two', () => {
  assert(
    property(nat(1_000), nat(1_000), integer({ min: 0, max: 300 }), (start, offset, age) => {
      const buckets = new Buckets<string>(PERIOD, start)
      buckets.set('key', 'value', start + offset)
      const found = buckets.get('key', start + offset + age)
      if (age < PERIOD) expect(found).toBe('value')
      if (age >= 2 * PERIOD) expect(found).toBeUndefined()
    }),
  )
})

test('what is read again within a period is kept for as long as it is', () => {
  const buckets = new Buckets<string>(PERIOD, 0)
  buckets.set('key', 'value', 0)
  for (let now = 0; now < 2_000; now += PERIOD - 1) expect(buckets.get('key', now)).toBe('value')
})

test('of whatever is written and read, nothing older than two periods is ever found', () => {
  const step = record({ key: constantFrom('a', 'b', 'c'), write: constantFrom(true, false), wait: nat(150) })
  assert(
    property(array(step, { maxLength: 60 }), (steps) => {
      const buckets = new Buckets<number>(PERIOD, 0)
      const used = new Map<string, { value: number; at: number }>()
      let now = 0
      for (const [i, { key, write, wait }] of steps.entries()) {
        now += wait
        const last = used.get(key)
        if (write) {
          buckets.set(key, i, now)
          used.set(key, { value: i, at: now })
          continue
        }
        const found = buckets.get(key, now)
        if (found !== undefined) expect(found).toBe(last?.value)
        if (last && now - last.at < PERIOD) expect(found).toBe(last.value)
        if (!last || now - last.at >= 2 * PERIOD) expect(found).toBeUndefined()
        if (last && found !== undefined) used.set(key, { ...last, at: now })
      }
    }),
  )
})

test('a copy changes on its own, its values too', () => {
  const buckets = new Buckets<{ count: number }>(PERIOD, 0)
  buckets.set('old', { count: 1 }, 0)
  buckets.set('new', { count: 1 }, PERIOD)
  const copy = buckets.copy((value) => ({ ...value }))
  for (const key of ['old', 'new']) {
    const value = buckets.get(key, PERIOD)
    if (value) value.count = 2
    expect(copy.get(key, PERIOD)).toEqual({ count: 1 })
  }
  buckets.set('later', { count: 1 }, PERIOD)
  expect(copy.get('later', PERIOD)).toBeUndefined()
})

test('a wall clock that jumps back forgets nothing', () => {
  const buckets = new Buckets<string>(PERIOD, 1_000)
  buckets.set('key', 'value', 1_050)
  expect(buckets.get('key', 0)).toBe('value')
  expect(buckets.get('key', 1_060)).toBe('value')
})

test('the weight is that of the entries it still has, however they were set, read, copied or forgotten', () => {
  const buckets = new Buckets<number>(100, 0, (key, value) => key.length + value)
  buckets.set('a', 10, 0)
  buckets.set('bb', 20, 0)
  buckets.set('a', 5, 50)
  expect(buckets.weight).toBe(6 + 22)
  buckets.set('c', 1, 100)
  expect(buckets.weight).toBe(6 + 22 + 2)
  buckets.get('a', 150)
  expect(buckets.weight).toBe(6 + 22 + 2)
  buckets.set('bb', 1, 160)
  expect(buckets.copy((value) => value).weight).toBe(6 + 3 + 2)
  buckets.set('dddd', 0, 200)
  buckets.turn(300)
  expect(buckets.weight).toBe(4)
  buckets.turn(1_000)
  expect(buckets.weight).toBe(0)
})
