/** Whose frames an inbox holds. */
export interface InboxOwner {
  /** A task failed in a way that nobody foresaw. */
  failed(error: unknown): void
}

/**
 * Handles the frames of one link in the order they came, although handlers wait for the application and the broker:
 * tasks of one key run one after the other, tasks of different keys side by side. Bounded: a peer cannot pile up work.
 */
export class Inbox {
  /** Nothing while nothing runs: most links are idle. */
  private tails: Map<string, Tail> | undefined
  private pending = 0

  constructor(
    private readonly maxPending: number,
    private readonly maxPerKey: number,
    private readonly owner: InboxOwner,
  ) {}

  /** Whether tasks run or wait. */
  get isBusy(): boolean {
    return this.pending > 0
  }

  /**
   * Starts a task, or queues it behind those of its key. One that rejects is told to the owner, and holds up nobody.
   *
   * @returns Whether it was taken; not, when the link or the key has too much work waiting.
   */
  run(key: string, task: () => Promise<void>): boolean {
    const tail = this.tails?.get(key)
    if (this.isFull || (tail && tail.count >= this.maxPerKey)) return false
    this.pending += 1
    const next: Tail = tail ?? { count: 0, last: Promise.resolve() }
    next.count += 1
    next.last = tail ? next.last.then(task) : task()
    next.last = next.last.catch((error: unknown) => this.owner.failed(error)).then(() => this.done(key, next))
    this.tails ??= new Map()
    this.tails.set(key, next)
    return true
  }

  /** Whether it takes nothing at all now, whatever the key. */
  get isFull(): boolean {
    return this.pending >= this.maxPending
  }

  private done(key: string, tail: Tail): void {
    this.pending -= 1
    tail.count -= 1
    if (tail.count === 0) this.tails?.delete(key)
    if (this.pending === 0) this.tails = undefined
  }
}

interface Tail {
  count: number
  last: Promise<void>
}
