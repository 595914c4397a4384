/** Calls of one batched request that are under way at a time, so that it leaves the line room for others. */
const AT_ONCE = 32

/**
 * Divides items by partition, since one call reaches one, and into batches that weigh at most so much; an item that weighs
 * more is a batch of its own.
 */
export function byPartition<T>(
  items: readonly T[],
  partitionOf: (item: T) => number,
  most: number,
  weightOf: (item: T) => number = () => 1,
): T[][] {
  const batches: T[][] = []
  const open = new Map<number, { readonly batch: T[]; weight: number }>()
  for (const item of items) {
    const partition = partitionOf(item)
    const weight = weightOf(item)
    let last = open.get(partition)
    if (!last || last.weight + weight > most) {
      last = { batch: [], weight: 0 }
      open.set(partition, last)
      batches.push(last.batch)
    }
    last.batch.push(item)
    last.weight += weight
  }
  return batches
}

/**
 * Does work for each batch, some at a time, and all of it even when some fails: one master that is away must not keep the
 * others from being asked. Rejects at the end with what went wrong first.
 */
export async function forEach<T, R>(batches: readonly T[], work: (batch: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const failures: unknown[] = []
  const queue = batches.entries()
  const worker = async (): Promise<void> => {
    for (const [i, batch] of queue) {
      try {
        results[i] = await work(batch)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, batches.length) }, worker))
  if (failures.length > 0) throw failures[0]
  return results
}
