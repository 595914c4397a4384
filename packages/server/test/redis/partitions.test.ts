import { expect, it } from 'vitest'
import { crc16, partitionOf, partitionOfKey, PARTITIONS, slotOf, tagOf } from '../../src/redis/partitions.js'

const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition)

it('the checksum is the one by which a Cluster finds slots', () => {
  expect(crc16('123456789')).toBe(0x31c3)
})

it('slots of partitions lie evenly, so that any number of masters gets equal shares', () => {
  for (const partition of partitions) expect(Math.abs(slotOf(partition) - partition * 128)).toBeLessThanOrEqual(1)
  expect(new Set(partitions.map(tagOf)).size).toBe(PARTITIONS)
})

it('the layout never changes: a name is in the partition it was always in', () => {
  expect(['room:1', '@ada', 'ünïcödé', ''].map(partitionOf)).toEqual([83, 46, 113, 0])
})

it('a key tells its partition, whatever the name holds', () => {
  expect(partitionOfKey(`shop:rt1:{${tagOf(7)}}:m:{other}`)).toBe(7)
  expect(() => partitionOfKey('rt1:{nobody}:m:x')).toThrow(TypeError)
})

it('names spread over all partitions', () => {
  const counts = new Map<number, number>()
  for (let i = 0; i < 12_800; i++) {
    const partition = partitionOf(`room:${i}`)
    counts.set(partition, (counts.get(partition) ?? 0) + 1)
  }
  expect(counts.size).toBe(PARTITIONS)
  expect(Math.max(...counts.values())).toBeLessThan(200)
})
