import { expect, test } from 'vitest'
import { byPartition } from '../../src/redis/batches.js'

test('items of one partition stay together, in order, in batches of at most so many', () => {
  const items = Array.from({ length: 11 }, (_, i) => i)
  expect(byPartition(items, (i) => i % 2, 4)).toEqual([[0, 2, 4, 6], [1, 3, 5, 7], [8, 10], [9]])
  expect(byPartition([], () => 0, 4)).toEqual([])
})
