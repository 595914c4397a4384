import { expect, test } from 'vitest'
import { retryDelayMs } from '../../src/core/retry.js'
import { CountingRandom } from '../support/counting-random.js'

test('delays double from 100 ms to 4 s, and chance takes up to half of each', () => {
  const random = new CountingRandom()
  const delays = (fraction: number) => {
    random.fraction = () => fraction
    return [0, 1, 2, 4, 5, 100].map((failures) => retryDelayMs(failures, random))
  }
  expect(delays(0)).toEqual([100, 200, 400, 1_600, 3_200, 4_000])
  expect(delays(0.5)).toEqual([75, 150, 300, 1_200, 2_400, 3_000])
})
