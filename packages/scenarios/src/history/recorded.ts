import type { HistoryEvent, Recorded } from './events.js'

/** How many of `list`, which is in order of the record, stand at or before `index`. */
export function countUpTo(list: readonly Recorded[], index: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((list[middle]?.index ?? Infinity) <= index) low = middle + 1
    else high = middle
  }
  return low
}

/** The events of a list by a name they carry, each group in order of the record. */
export function groupBy<E extends HistoryEvent>(
  list: readonly Recorded<E>[],
  name: (event: E) => string,
): Map<string, Recorded<E>[]> {
  const groups = new Map<string, Recorded<E>[]>()
  for (const recorded of list) {
    const key = name(recorded.event)
    const group = groups.get(key)
    if (group) group.push(recorded)
    else groups.set(key, [recorded])
  }
  return groups
}
