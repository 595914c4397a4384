import type { Chance } from '../../sim/chance.js'
import type { Stage } from '../stage.js'

/** A kind of harm. */
export interface Fault {
  /** What happens, for people. */
  readonly says: string
  /** Whether messages that were stored may go. Only then may a gap be told. */
  readonly isLossy: boolean
  readonly needs: 'nothing' | 'redis'
  /** Does it, and resolves when it is over. `room` are the channels of the round. */
  harm(stage: Stage, chance: Chance, rooms: readonly string[]): Promise<void>
}
