import { expect, test } from 'vitest'
import { seededRandom } from '../../src/testing/index.js'

const draw = (seed: number) => {
  const random = seededRandom(seed)
  return Array.from({ length: 200 }, () => [random.fraction(), random.id()] as const)
}

test('the same seed gives the same numbers and ids, another seed others', () => {
  expect(draw(1)).toEqual(draw(1))
  const seeds = [1, 2, 3, 4].map(draw).map((drawn) => JSON.stringify(drawn[0]))
  expect(new Set(seeds).size).toBe(4)
})

test('numbers are from 0 up to 1 and spread; ids are 22 characters of base64url and differ', () => {
  const drawn = draw(7)
  const fractions = drawn.map(([fraction]) => fraction)
  expect(fractions.every((fraction) => fraction >= 0 && fraction < 1)).toBe(true)
  const mean = fractions.reduce((sum, fraction) => sum + fraction, 0) / fractions.length
  expect(mean).toBeGreaterThan(0.4)
  expect(mean).toBeLessThan(0.6)
  for (const [, id] of drawn) {
    expect(id).toMatch(/^[\w-]{22}$/)
    expect(Buffer.from(id, 'base64url').toString('base64url')).toBe(id)
  }
  expect(new Set(drawn.map(([, id]) => id)).size).toBe(200)
})
