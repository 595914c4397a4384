import type { DeliveryVerdict, Position } from '@org/realtime-protocol'
import type { Recovery, StoredPublication } from '../ports/index.js'
import type { PatientBroker } from './patient-broker.js'

/** A channel that follows a log: what its mode makes of positions. */
export interface Follower {
  /** Position of the latest publication on this node. */
  readonly position: Position
  /** Whether a publication joins on, is no news, or needs a reading first. */
  judge(next: Position): DeliveryVerdict
  /**
   * Reads what there is to know beyond the position; the first time, where to start.
   *
   * @param begins Called when the log is asked, if that is later than now.
   */
  read(first: boolean, begins: () => void): Promise<Recovery>
  /** Takes a reading, and moves to where it leads. */
  apply(recovery: Recovery): void
  /** Moves to a publication that joins on, and broadcasts it. */
  advance(epoch: string, publication: StoredPublication): void
  /** The position is verified; publications join on from now. */
  verified(): void
}

interface Arrival {
  readonly epoch: string
  readonly publication: StoredPublication
}

/** Publications kept while the position is being verified, and characters of their data. More are dropped: the log has them. */
const MAX_HELD = 1_000
const MAX_HELD_CHARACTERS = 1_048_576

/**
 * Keeps a channel joined to its log.
 *
 * `opening` until the broker is subscribed and the position known; `live` while publications join on; `syncing` while
 * one did not, or the broker asked for it, and the log is read to find out how they join. While not live, publications
 * are held.
 */
export class Verification {
  private phase: 'opening' | 'live' | 'syncing' = 'opening'
  private held: Arrival[] = []
  private heldCharacters = 0
  /** Whether the running verification has to be followed by another one. */
  private again = false
  /** Where the log was seen to end while a verification was running, if it is not behind that. */
  private seen: Position | undefined

  constructor(
    private readonly follower: Follower,
    private readonly broker: PatientBroker,
  ) {}

  /** Whether the position is verified and publications join on to it. */
  get isLive(): boolean {
    return this.phase === 'live'
  }

  /** Subscribes to the broker, finds out the position, and goes live. */
  begin(): void {
    this.broker.run(this.broker.subscribe().then(() => this.synchronize(true)))
  }

  /** Takes a publication from the broker. */
  deliver(epoch: string, publication: StoredPublication): void {
    if (this.phase !== 'live') return this.hold({ epoch, publication })
    const verdict = this.follower.judge({ epoch, offset: publication.offset })
    if (verdict === 'deliver') return this.follower.advance(epoch, publication)
    if (verdict === 'drop') return
    this.hold({ epoch, publication })
    this.suspect()
  }

  /** Has the position verified against the log. */
  suspect(): void {
    if (this.phase !== 'live') {
      this.again = true
      return
    }
    this.phase = 'syncing'
    this.broker.run(this.synchronize(false))
  }

  /** A reading for a subscriber saw the log end at `head`, in an epoch that is not that of the position. */
  foresee(head: Position): void {
    if (this.phase === 'live') return this.suspect()
    // Two ends in different histories: only another reading tells which one goes on.
    if (this.seen && this.seen.epoch !== head.epoch) this.again = true
    this.seen = head
  }

  /** The log ends at `head`: has the position verified if it is another. */
  verify(head: Position): void {
    const { epoch, offset } = this.follower.position
    if (this.phase !== 'live' || epoch !== head.epoch || offset !== head.offset) this.suspect()
  }

  /** Finds out how the position joins the log, tells subscribers, and goes live. */
  private async synchronize(opens: boolean): Promise<void> {
    let first = opens
    let older = 0
    const begins = (): void => {
      this.again = false
      // What is held by now was published before this reading: what the reading does not join is history undone.
      older = this.held.length
    }
    do {
      begins()
      const recovery = await this.follower.read(first, begins)
      if (this.broker.isClosed) return
      first = false
      this.follower.apply(recovery)
      this.join(older)
      const { position } = this.follower
      const { head } = recovery
      if (position.epoch === head.epoch && position.offset < head.offset) this.again = true
      if (this.seen && !reaches(position, this.seen)) this.again = true
      this.seen = undefined
    } while (this.again || this.held.length > 0)
    this.phase = 'live'
    this.follower.verified()
  }

  private join(older: number): void {
    const held = this.held
    this.forget()
    for (const [i, arrival] of held.entries()) {
      const { epoch, publication } = arrival
      const verdict = this.follower.judge({ epoch, offset: publication.offset })
      if (verdict === 'deliver') this.follower.advance(epoch, publication)
      else if (verdict === 'hold' && i >= older) this.keep(arrival)
    }
  }

  private hold(arrival: Arrival): void {
    // One message above the bound is kept nevertheless: it shows that there is something to read.
    if (this.held.length >= MAX_HELD || this.heldCharacters >= MAX_HELD_CHARACTERS) {
      this.forget()
      this.again = true
    }
    this.keep(arrival)
  }

  private keep(arrival: Arrival): void {
    this.held.push(arrival)
    this.heldCharacters += arrival.publication.payload.length
  }

  private forget(): void {
    this.held = []
    this.heldCharacters = 0
  }
}

function reaches({ epoch, offset }: Position, other: Position): boolean {
  return epoch === other.epoch && offset >= other.offset
}
