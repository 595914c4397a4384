import { describe, expect, test } from 'vitest'
import { byPartition, forEach } from '../../src/redis/batches.js'

describe('items', () => {
  test('of one partition stay together, in order, in batches of at most so many', () => {
    const items = Array.from({ length: 11 }, (_, i) => i)
    expect(byPartition(items, (i) => i % 2, 4)).toEqual([[0, 2, 4, 6], [1, 3, 5, 7], [8, 10], [9]])
    expect(byPartition([], () => 0, 4)).toEqual([])
  })

  test('are in batches of at most so much weight, and one that weighs more is alone', () => {
    const batches = byPartition(
      [3, 4, 9, 20, 1, 1],
      () => 0,
      10,
      (weight) => weight,
    )
    expect(batches).toEqual([[3, 4], [9], [20], [1, 1]])
  })
})

describe('work on batches', () => {
  test('gives results in order, and goes on when some of it fails', async () => {
    const batches = Array.from({ length: 100 }, (_, i) => i)
    expect(await forEach(batches, async (i) => i * 2)).toEqual(batches.map((i) => i * 2))
    const done: number[] = []
    const failing = forEach(batches, async (i) => {
      if (i % 10 === 3) throw new Error(`${i} failed`)
      done.push(i)
    })
    await expect(failing).rejects.toThrow('3 failed')
    expect(done).toHaveLength(90)
  })

  test('is done for 32 at a time', async () => {
    let running = 0
    let most = 0
    await forEach(Array.from({ length: 200 }), async () => {
      most = Math.max(most, ++running)
      await Promise.resolve()
      running -= 1
    })
    expect(most).toBe(32)
  })
})
