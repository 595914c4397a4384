import type { GapReason } from '../../history/index.js'
import type { Chance } from '../../sim/chance.js'
import type { Places } from '../chaos-client.js'
import type { Proof } from '../proof.js'
import type { Record } from '../record.js'
import type { Stage } from '../stage.js'

/** A kind of harm. */
export interface Fault {
  /** What happens, for people. */
  readonly says: string
  /** Whether messages that were stored may go. Only then may a gap be told. */
  readonly isLossy: boolean
  /** The reasons of gaps that may be told. Default: those of a log that keeps few messages, for who was away or slow. */
  readonly tells?: readonly GapReason[]
  readonly needs: 'nothing' | 'redis'
  /**
   * Whether another history serves the store afterwards. Who leaves meanwhile is shown for the grace, for it cannot be told
   * from somebody whom its server has yet to enter again; and a leave that was lost is undone. So nobody leaves in these.
   * Default `false`.
   */
  readonly isNewHistory?: boolean
  /**
   * Whether clients may meet a server that cannot know of everybody: it is with another master, or it is new, and the store has lost its
   * members and has them again only as the servers that hold them enter them. So it is not counted how often somebody is told
   * as gone. And a client whose latest claim of its session is lost is there twice, until nobody has answered for the older
   * session for long enough: so who is there is compared after that time. Default `false`.
   */
  readonly isTorn?: boolean
  /** Does it, and resolves when it is over. What shows that it really happened is claimed in the proof. */
  harm(stage: Stage, chance: Chance, places: Places, record: Record, proof: Proof): Promise<void>
}
