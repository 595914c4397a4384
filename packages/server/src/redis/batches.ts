/** Divides items by partition, since one call reaches one, and into batches of at most so many. */
export function byPartition<T>(items: readonly T[], partitionOf: (item: T) => number, most: number): T[][] {
  const batches: T[][] = []
  const open = new Map<number, T[]>()
  for (const item of items) {
    const partition = partitionOf(item)
    let batch = open.get(partition)
    if (!batch || batch.length >= most) {
      batch = []
      open.set(partition, batch)
      batches.push(batch)
    }
    batch.push(item)
  }
  return batches
}
