import { expect, test } from 'vitest'
import { RateLimit } from '../../src/core/rate-limit.js'

const RATE = { messagesPerSecond: 50, messageBurst: 100, excessMessages: 5_000, bytesPerSecond: 1_000 }

/** How many of so many messages at one moment are within the rate. */
function taken(limit: RateLimit, count: number, now: number): number {
  return Array.from({ length: count }, () => limit.take(now)).filter(Boolean).length
}

test('a burst is let through, and then so many in a second', () => {
  const limit = new RateLimit(RATE, 0)
  expect(taken(limit, 150, 0)).toBe(100)
  expect(taken(limit, 150, 1_000)).toBe(50)
  expect(taken(limit, 150, 1_020)).toBe(1)
})

test('a pause fills it up to one burst and no more', () => {
  const limit = new RateLimit(RATE, 0)
  taken(limit, 100, 0)
  expect(taken(limit, 1_000, 3_600_000)).toBe(100)
})

test('what is refused takes nothing of the rate', () => {
  const limit = new RateLimit(RATE, 0)
  for (let now = 0; now < 10_000; now++) limit.take(now)
  const kept = new RateLimit(RATE, 0)
  let count = 0
  for (let now = 0; now < 10_000; now++) if (kept.take(now)) count += 1
  expect(count).toBeGreaterThanOrEqual(100 + 499)
})

test('whoever waits for retryAfterMs has half a burst; a burst of one is waited for whole', () => {
  const limit = new RateLimit(RATE, 0)
  taken(limit, 101, 0)
  expect(limit.retryAfterMs).toBe(1_000)
  expect(taken(limit, 150, limit.retryAfterMs)).toBe(50)
  const single = new RateLimit({ ...RATE, messagesPerSecond: 1, messageBurst: 1 }, 0)
  taken(single, 2, 0)
  expect(single.retryAfterMs).toBe(1_000)
  expect(taken(single, 2, 1_000)).toBe(1)
})

test('is exhausted by more excess than is tolerated, of which a fifth is forgiven each second', () => {
  const limit = new RateLimit(RATE, 0)
  taken(limit, 5_100, 0)
  expect(limit.exhausted).toBe(false)
  limit.take(0)
  expect(limit.exhausted).toBe(true)
  // 50 are within the rate by then, and 1,000 of the excess are forgiven.
  taken(limit, 1_049, 1_000)
  expect(limit.exhausted).toBe(false)
  taken(limit, 2, 1_000)
  expect(limit.exhausted).toBe(true)
})

test('a peer that keeps to 20 times the rate for an hour is refused, and never exhausts it', () => {
  const limit = new RateLimit(RATE, 0)
  for (let second = 1; second <= 3_600; second++) {
    expect(taken(limit, 1_000, second * 1_000)).toBeGreaterThanOrEqual(50)
    expect(limit.exhausted).toBe(false)
  }
})

test('the bytes of four seconds may come at once, and then so many in a second, whatever messages they make', () => {
  const limit = new RateLimit(RATE, 0, 500)
  expect(limit.take(0, 4_500)).toBe(true)
  expect(limit.take(0, 4_501)).toBe(false)
  expect([limit.exceeded, limit.exhausted]).toEqual(['bytesPerSecond', false])
  // Room for half of that at once, and for the one byte too many.
  expect(limit.retryAfterMs).toBe(2_001)
  expect(limit.take(2_001, 6_501)).toBe(true)
  expect(limit.take(2_001, 6_502)).toBe(false)
  expect(limit.take(3_600_000, 10_502)).toBe(true)
  expect(limit.take(3_600_000, 10_503)).toBe(false)
})

test('a peer that sends as many bytes again above that has gone too far; one that waits has not', () => {
  const flood = new RateLimit(RATE, 0)
  expect([flood.take(0, 8_000), flood.exhausted]).toEqual([false, false])
  expect([flood.take(0, 8_001), flood.exhausted]).toEqual([false, true])
  const patient = new RateLimit(RATE, 0)
  let received = 0
  for (let now = 0; now < 3_600_000; now += patient.retryAfterMs) {
    patient.take(now, (received += 6_000))
    expect(patient.exhausted).toBe(false)
  }
})
