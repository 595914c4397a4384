import type { Deliver, GapTold, Rebased, Recorded } from './events.js'
import { type Position, samePosition } from './position.js'

type Delivery = Recorded<Deliver>

/** A move along the path. Restarts are none: they go back on it. */
export interface Move extends Recorded<Deliver | GapTold | Rebased> {
  readonly before: Position
  readonly after: Position
}

interface Entry {
  readonly move: Move
  /** What a gap told to be gone. */
  readonly told: readonly Delivery[]
}

/**
 * What a subscription holds to be true: how it came to where it stands, and the messages it was given and was not told
 * to forget. A client that restarts from an older position is taken back to what it knew there.
 */
export class Path {
  private readonly journal: Entry[] = []
  private readonly deliveries: Delivery[] = []
  private readonly byId = new Map<string, Delivery>()

  constructor(private readonly start: Position) {}

  /** The moves that led here, without those that restarts took back. */
  get moves(): readonly Move[] {
    return this.journal.map(({ move }) => move)
  }

  /** What was delivered and not told gone, in order of delivery. */
  get held(): readonly Delivery[] {
    return this.deliveries
  }

  /** The delivery of this id that is held, if there is one. */
  holds(id: string): Delivery | undefined {
    return this.byId.get(id)
  }

  take(move: Move): void {
    const { index, event } = move
    let told: readonly Delivery[] = []
    if (event.type === 'deliver') this.hold({ index, event })
    else if (event.type === 'gap') told = this.forget(event)
    this.journal.push({ move, told })
  }

  /** Goes back to the last time this path stood at `target`. @returns false, and changes nothing, if it never did. */
  rewind(target: Position): boolean {
    let length = this.journal.length
    while (length > 0 && !stoodAt(target, this.journal[length - 1]?.move.after ?? this.start)) length--
    if (length === 0 && !stoodAt(target, this.start)) return false
    for (const { move, told } of this.journal.splice(length).reverse()) {
      if (move.event.type === 'deliver') this.release()
      for (const delivery of told) this.hold(delivery)
    }
    return true
  }

  /** A rollback takes back what it names; after `epoch` and `unknown` nothing is certain to be in the log. */
  private forget({ reason, from, to }: GapTold): readonly Delivery[] {
    if (reason === 'trimmed' || reason === 'slow') return []
    const told: Delivery[] = []
    const kept: Delivery[] = []
    const first = reason === 'rollback' ? from : -Infinity
    const last = reason === 'rollback' ? to : Infinity
    for (let top = this.deliveries.at(-1); top && top.event.position.offset >= first; top = this.deliveries.at(-1)) {
      if (top.event.position.offset <= last) told.push(top)
      else kept.push(top)
      this.release()
    }
    for (const delivery of kept.reverse()) this.hold(delivery)
    return told.reverse()
  }

  private hold(delivery: Delivery): void {
    this.deliveries.push(delivery)
    if (!this.byId.has(delivery.event.id)) this.byId.set(delivery.event.id, delivery)
  }

  /** Of the last one. */
  private release(): void {
    const delivery = this.deliveries.pop()
    if (delivery && this.byId.get(delivery.event.id) === delivery) this.byId.delete(delivery.event.id)
  }
}

/**
 * Whether who says that it stood at a position may have stood at another one. The null position is the beginning of
 * whatever epoch comes next, and a subscriber there is told of none: it learns the epoch with the next answer.
 */
function stoodAt(claimed: Position, stood: Position): boolean {
  return samePosition(claimed, stood) || (stood.epoch === '' && claimed.offset === 0 && stood.offset === 0)
}
