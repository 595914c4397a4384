/** The smallest of some numbers that at least the given part of them do not exceed. @throws RangeError when there are none. */
export function quantile(numbers: readonly number[] | Float64Array, part: number): number {
  const sorted = Float64Array.from(numbers).sort()
  const found = sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)]
  if (found === undefined) throw new RangeError('there is no quantile of nothing')
  return found
}
