import { describe, expect, it } from 'vitest'
import { readable, readableRatio } from '../src/numbers/format.js'
import { median } from '../src/numbers/median.js'
import { quantile } from '../src/numbers/quantile.js'

describe('median', () => {
  it('is the middle one, whatever the order', () => expect(median([9, 1, 5])).toBe(5))
  it('is the mean of the two in the middle of an even count', () => expect(median([1, 9, 4, 2])).toBe(3))
  it('is not moved by one run that went wrong', () => expect(median([2, 2, 3, 3, 900])).toBe(3))
  it('orders as numbers, not as texts', () => expect(median([10, 9, 100])).toBe(10))
  it('refuses to make a number of nothing', () => expect(() => median([])).toThrow(RangeError))
})

describe('quantile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
  it('gives the number that 99 of 100 do not exceed', () => expect(quantile(hundred, 0.99)).toBe(99))
  it('gives the largest for the whole', () => expect(quantile(hundred, 1)).toBe(100))
  it('takes arrays of floats without changing them', () => {
    const numbers = Float64Array.from([3, 1, 2])
    expect(quantile(numbers, 0.5)).toBe(2)
    expect([...numbers]).toEqual([3, 1, 2])
  })
  it('refuses to make a number of nothing', () => expect(() => quantile([], 0.5)).toThrow(RangeError))
})

describe('readable', () => {
  it.each([
    [0, '0'],
    [0.756, '0.76'],
    [5.5, '5.50'],
    [14.62, '14.6'],
    [1234.5, '1,235'],
  ])('writes %d as %s', (value, text) => expect(readable(value)).toBe(text))
  it('writes ratios with two decimals', () => expect(readableRatio(0.6)).toBe('0.60 ×'))
})
