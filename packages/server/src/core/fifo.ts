/** Taken entries from which on their places are given back. */
const WORTH_MOVING = 256

/**
 * A list that grows at its end and is taken from its beginning, at the same cost whatever its length: the places of what
 * was taken stay for a while, and go all at once.
 */
export class Fifo<T> implements Iterable<T> {
  private items: Array<T | undefined>
  private taken = 0

  constructor(items: Iterable<T> = []) {
    this.items = [...items]
  }

  get length(): number {
    return this.items.length - this.taken
  }

  /** An entry by its place; `undefined` where there is none. */
  at(index: number): T | undefined {
    return index < 0 ? undefined : this.items[this.taken + index]
  }

  /** Puts another entry in a place that is taken. */
  replace(index: number, item: T): void {
    if (index < 0 || index >= this.length) throw new RangeError(`there is no entry ${index}`)
    this.items[this.taken + index] = item
  }

  push(item: T): void {
    this.items.push(item)
  }

  /** Puts entries before the first one. Costs as much as all that there is. */
  prepend(items: readonly T[]): void {
    this.items = [...items, ...this.items.slice(this.taken)]
    this.taken = 0
  }

  /** Takes the first entry out. */
  shift(): T | undefined {
    if (this.length === 0) return undefined
    const first = this.items[this.taken]
    this.items[this.taken] = undefined
    this.taken += 1
    if (this.taken >= WORTH_MOVING && this.taken * 2 >= this.items.length) {
      this.items = this.items.slice(this.taken)
      this.taken = 0
    }
    return first
  }

  /** A copy of the entries from a place on, up to another. */
  slice(from: number, to = this.length): T[] {
    const [start, end] = [Math.max(from, 0), Math.max(to, 0)]
    return this.items.slice(this.taken + start, this.taken + end) as T[]
  }

  clear(): void {
    this.items = []
    this.taken = 0
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.length; i++) yield this.at(i) as T
  }
}
