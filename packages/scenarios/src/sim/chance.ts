import { createHash, timingSafeEqual } from 'node:crypto'

/** Repeatable chance: the same seed and name give the same numbers. */
export class Chance {
  private state: number

  /** `name` keeps the numbers of one part of a simulation apart from those of another. */
  constructor(
    private readonly seed: number,
    private readonly name: string,
  ) {
    this.state = createHash('sha256').update(`${seed} ${name}`).digest().readUInt32LE(0)
  }

  /** Numbers of its own for one part of what these are for: the same ones, however many are drawn here or in other parts. */
  part(name: string): Chance {
    return new Chance(this.seed, `${this.name}, ${name}`)
  }

  /** A number from 0 up to but not including 1 (mulberry32). */
  fraction(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A number from `low` up to but not including `high`. */
  between(low: number, high: number): number {
    return low + this.fraction() * (high - low)
  }

  /** A whole number from 0 up to but not including `count`. */
  index(count: number): number {
    return Math.floor(this.fraction() * count)
  }

  /** Whether something of this probability happens. */
  happens(probability: number): boolean {
    return this.fraction() < probability
  }

  /** One of several values. */
  pick<T>(values: readonly T[]): T {
    const value = values[this.index(values.length)]
    if (value === undefined) throw new RangeError('nothing to pick from')
    return value
  }

  /** 22 characters of base64url. Repeatable, so no secret. */
  id(): string {
    const bytes = Buffer.alloc(16)
    for (let i = 0; i < 16; i += 4) bytes.writeUInt32LE(Math.floor(this.fraction() * 2 ** 32), i)
    return bytes.toString('base64url')
  }

  /** SHA-256 as 43 characters of base64url. */
  digest(text: string): string {
    return createHash('sha256').update(text).digest('base64url')
  }

  /** Whether two texts are equal. */
  equal(a: string, b: string): boolean {
    const left = Buffer.from(a)
    const right = Buffer.from(b)
    return left.length === right.length && timingSafeEqual(left, right)
  }
}
