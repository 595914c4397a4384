/** A measured number with the digits that mean something: three, and no decimals from 100 on. */
export function readable(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(size >= 10 ? 1 : 2)
}

/** A ratio with two decimals. */
export function readableRatio(value: number): string {
  return `${value.toFixed(2)} ×`
}
