import { expect, test } from 'vitest'
import { SessionsOver } from '../../src/memory/sessions-over.js'

const TTL_MS = 100

test('a session is known to be over for its time at least, and for twice that at most', () => {
  for (const begins of [0, 30, 99, 100, 101]) {
    const over = new SessionsOver(TTL_MS, 10)
    over.add('first', 1, 0)
    over.add('s', 1, begins)
    over.sweep(begins + TTL_MS - 1)
    expect(over.has('s', 1)).toBe(true)
    over.sweep(begins + 2 * TTL_MS)
    expect(over.has('s', 1)).toBe(false)
    expect(over.size).toBe(0)
  }
})

test('of an owner and those before, until it is begun anew', () => {
  const over = new SessionsOver(TTL_MS, 10)
  over.add('s', 3, 0)
  expect([2, 3, 4].map((owner) => over.has('s', owner))).toEqual([true, true, false])
  over.remove('s')
  expect(over.has('s', 1)).toBe(false)
})

test('also the one begun anew after a turn', () => {
  const over = new SessionsOver(TTL_MS, 10)
  over.add('a', 1, 0)
  over.add('s', 1, 10)
  over.sweep(120)
  over.remove('s')
  expect([over.has('a', 1), over.has('s', 1)]).toEqual([true, false])
})

test('no more are held than twice as many as have to be known', () => {
  const over = new SessionsOver(TTL_MS, 10)
  for (let i = 0; i < 1_000; i++) over.add(`s${i}`, 1, 0)
  expect(over.size).toBeLessThanOrEqual(20)
  for (let i = 990; i < 1_000; i++) expect(over.has(`s${i}`, 1)).toBe(true)
})
