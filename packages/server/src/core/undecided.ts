/**
 * Generations of the subscriptions of one link that the application has yet to decide on, by channel. There are none for
 * most of a link's life, and then they take up nothing.
 */
export class Undecided {
  private generations: Map<string, number> | undefined

  /** How many there are. */
  get size(): number {
    return this.generations?.size ?? 0
  }

  /** Whether one for a channel is among them. */
  has(channel: string): boolean {
    return this.generations?.has(channel) ?? false
  }

  /** The generation for a channel. */
  get(channel: string): number | undefined {
    return this.generations?.get(channel)
  }

  /** Adds one, in place of an earlier one for the channel. */
  set(channel: string, generation: number): void {
    this.generations ??= new Map()
    this.generations.set(channel, generation)
  }

  /** It is decided, or nobody asks any more. */
  delete(channel: string): void {
    this.generations?.delete(channel)
    if (this.size === 0) this.generations = undefined
  }

  /** Nobody asks any more. */
  clear(): void {
    this.generations = undefined
  }
}
