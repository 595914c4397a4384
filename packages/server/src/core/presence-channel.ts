import { judge, type Limits, type Position } from '@org/realtime-protocol'
import type { Clock, EncodedFrame, Logger, PresenceChange, PresenceList, PresenceStore } from '../ports/index.js'
import { changeFrame, snapshotFrame, type Told } from './presence-frames.js'
import { Roll, type RollBounds } from './roll.js'
import type { SubscriberLink } from './subscription.js'
import type { TimerWheel, WheelTask } from './timer-wheel.js'
import type { Upkeep } from './upkeep.js'

/** What presence on a node needs of it. */
export interface PresencePorts {
  readonly store: PresenceStore
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly logger: Logger
  readonly upkeep: Upkeep
  readonly limits: Limits
}

/** A link that is told who comes and goes. */
export interface Watcher {
  readonly link: SubscriberLink
  /** Number of its request on the link. */
  ref?: number
  /** Whether it missed something because the link was full; then it is told all that is true once there is room. */
  behind: boolean
}

/** Least time between two counts. */
const COUNT_MS = 1_000
/** Time for which nothing is told, after the store began anew, so that what is told then is whole. */
const WHOLE_MS = 2_000
/** Changes kept while the members are read. More are dropped: the list has them. */
const MAX_HELD = 1_000

/**
 * Who is present in one channel, as this node knows: read once for all who watch it here, kept up by the changes that
 * the store tells, and broadcast, each change encoded once. A change that does not join on has everything read again.
 *
 * Members too many or too large to be listed are only counted, at most once a second, until a list fits again.
 */
export class PresenceChannel implements WheelTask {
  /** How many need the channel: watchers, and requests that wait for it. */
  users = 0
  /** Resolves when the members are known; rejects when the store cannot be reached. */
  readonly opened: Promise<void>

  private roll: Roll | undefined
  private live = false
  private closed = false
  private held: PresenceChange[] = []
  /** Whether the running reading has to be followed by another one. */
  private again = false
  /** Whether watchers are told counts, not changes. */
  private counting = false
  /** Whether the next count has its time. */
  private scheduled = false
  private snapshot: EncodedFrame | undefined
  /** Until when members may be shown whom the store does not have, since it began anew. */
  private awaitedUntil = 0
  private latest: Position | undefined
  private readonly watchers = new Set<Watcher>()

  constructor(
    readonly name: string,
    private readonly context: PresencePorts,
    private readonly bounds: RollBounds,
    private readonly list: () => Promise<PresenceList>,
  ) {
    this.opened = this.open()
    // Whoever waits for it is told; often nobody does any more.
    this.opened.catch(() => undefined)
  }

  /** Who is present, as far as this node knows; `undefined` until it is opened. */
  get told(): Told | undefined {
    return this.roll
  }

  /** Whether `told` holds everything that was done on this node, and nothing is in doubt. */
  get isFresh(): boolean {
    if (!this.live || !this.roll || !this.latest) return this.live
    return judge(this.roll.position, this.latest) === 'drop'
  }

  /** Takes note of a change that this node has made: the store's word of it may still be on its way. */
  expect(position: Position): void {
    this.latest = position
  }

  /** Takes a change from the store. */
  deliver(change: PresenceChange): void {
    if (!this.live || !this.roll) return this.hold(change)
    const verdict = judge(this.roll.position, change.position)
    if (verdict === 'drop') return
    if (verdict === 'hold') {
      this.hold(change)
      return this.suspect()
    }
    this.apply(this.roll, change)
    if (!this.counting && this.roll.isListed) return this.broadcast(changeFrame(this.name, change))
    this.counting = true
    this.conflate()
  }

  /** Has the members read again. */
  suspect(): void {
    this.again = true
    if (!this.live || this.closed) return
    this.live = false
    this.resynchronize().catch((error: unknown) => this.report('verify', error))
  }

  /** Compares with where the store says that the channel stands. */
  verify(head: Position): void {
    if (this.live && this.roll && judge(this.roll.position, head) !== 'drop') this.suspect()
  }

  /** Has a link told of what changes after what `told` says now. */
  join(watcher: Watcher): void {
    watcher.behind = false
    this.watchers.add(watcher)
  }

  /** Ends that. */
  leave(watcher: Watcher): void {
    this.watchers.delete(watcher)
  }

  /** Tells a link that was full what is true now. */
  refresh(watcher: Watcher): void {
    if (!watcher.behind || !this.roll) return
    watcher.behind = !watcher.link.offer(this.snapshotOf(this.roll))
  }

  /** The time for a count has come. */
  turn(): undefined {
    this.scheduled = false
    const { roll } = this
    // What is being read is told when it has been read.
    if (!this.live || !roll) return
    if (!roll.isKnown && roll.count <= this.bounds.members) return void this.suspect()
    this.show(roll)
  }

  /** Lets go of the store; the channel is not used afterwards. */
  close(): void {
    this.closed = true
    this.live = false
    this.context.wheel.cancel(this)
    this.context.store.unwatch(this.name).catch((error: unknown) => this.report('unwatch', error))
  }

  private async open(): Promise<void> {
    await this.context.store.watch(this.name)
    this.roll = await this.synchronize(() => this.list())
    this.counting = !this.roll.isListed
    this.live = !this.closed
  }

  /** Reads the members, as often as it takes, and tells the watchers when they are others. */
  private async resynchronize(): Promise<void> {
    const before = this.roll
    const roll = await this.completed(before)
    if (this.closed) return
    this.roll = roll
    this.snapshot = undefined
    this.live = true
    if (this.latest?.epoch !== roll.position.epoch) this.latest = undefined
    if (!roll.isListed) {
      this.counting = true
      this.conflate()
    } else if (this.counting || !before || before.count !== roll.count || !isSame(before.position, roll.position))
      this.show(roll)
  }

  /**
   * Reads the members. A store that begins anew, because it lost what it had, is without members that their nodes are
   * about to enter again: they get as long as a session whose link is lost, and nobody is told that they left. At first
   * nothing is told, for mostly they are back at once. Then who is still missing is shown with the others, whose changes
   * are told as always.
   */
  private async completed(before: Roll | undefined): Promise<Roll> {
    const { clock, limits, upkeep } = this.context
    let began: number | undefined
    for (let readings = 0; ; readings++) {
      const roll = await this.synchronize((begins) => this.retrying((failures) => this.listInTurn(begins, failures)))
      began ??= clock.now()
      if (this.closed || !before) return roll
      const isAnew = roll.position.epoch !== before.position.epoch
      if (isAnew) this.awaitedUntil = began + limits.presenceGraceMs
      const leftMs = this.awaitedUntil - clock.now()
      if (leftMs <= 0 || !roll.misses(before, isAnew)) return roll
      const wholeMs = isAnew ? Math.min(began + WHOLE_MS - clock.now(), leftMs) : 0
      if (wholeMs <= 0) {
        roll.await(before, isAnew)
        clock.setTimer(() => this.suspect(), leftMs)
        return roll
      }
      await upkeep.pause(Math.min(upkeep.delayMs(readings), wholeMs))
    }
  }

  /** @param read Reads the members, and says when it begins if that is later than now. */
  private async synchronize(read: (begins: () => void) => Promise<PresenceList>): Promise<Roll> {
    let older = 0
    const begins = (): void => {
      this.again = false
      // What is held by now happened before this reading: what the reading does not join is history undone.
      older = this.held.length
    }
    for (;;) {
      begins()
      const roll = new Roll(await read(begins), this.bounds)
      this.held = this.held.filter((change, i) => {
        const verdict = judge(roll.position, change.position)
        if (verdict === 'deliver') roll.apply(change)
        return verdict === 'hold' && i >= older
      })
      if (this.closed || (!this.again && this.held.length === 0)) return roll
    }
  }

  private listInTurn(begins: () => void, failures: number): Promise<PresenceList> {
    const read = (): Promise<PresenceList> => {
      if (this.closed) throw new Error('the channel is closed')
      begins()
      return this.list()
    }
    return this.context.upkeep.turn('lists', read, failures).done
  }

  private hold(change: PresenceChange): void {
    if (this.held.length >= MAX_HELD) {
      this.held = []
      this.again = true
    }
    this.held.push(change)
  }

  private apply(roll: Roll, change: PresenceChange): void {
    roll.apply(change)
    this.snapshot = undefined
  }

  /** Tells everybody what is true, in place of all that was told before. */
  private show(roll: Roll): void {
    this.counting = !roll.isListed
    this.broadcast(this.snapshotOf(roll))
  }

  private conflate(): void {
    if (this.scheduled) return
    this.scheduled = true
    this.context.wheel.schedule(this, COUNT_MS)
  }

  private broadcast(frame: EncodedFrame): void {
    for (const watcher of this.watchers) watcher.behind ||= !watcher.link.offer(frame)
  }

  private snapshotOf(roll: Roll): EncodedFrame {
    return (this.snapshot ??= snapshotFrame(this.name, roll))
  }

  /** Tries until it succeeds: watchers keep what they were told last. */
  private async retrying<T>(attempt: (failures: number) => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        return await attempt(failures)
      } catch (error) {
        if (this.closed) throw error
        this.report('list', error)
        const { upkeep } = this.context
        await upkeep.pause(upkeep.delayMs(failures))
      }
    }
  }

  private report(operation: string, error: unknown): void {
    if (!this.closed) this.context.logger.error('presence store failed', { channel: this.name, operation, error })
  }
}

function isSame(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.offset === b.offset
}
