/**
 * The number of the operation that follows another one: higher, and a time of day where that is. So what two nodes do
 * that were given one owner number, by histories that did not know each other, has an order.
 *
 * @param last Number of the one before it.
 * @param date The time of day.
 */
export function operationNumber(last: number, date: number): number {
  return Math.max(last + 1, Math.floor(date))
}
