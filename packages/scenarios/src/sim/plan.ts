import type { Chance } from './chance.js'

/** Log size that no run reaches. */
export const NEVER_TRIMMED = 5_000

/** How large a run is, and how long. */
export interface Plan {
  readonly nodes: number
  readonly clients: number
  readonly channels: number
  /** Time during which messages are published and faults happen. */
  readonly activeMs: number
  /** Mean time between two publishes of one client. */
  readonly publishEveryMs: number
  readonly faults: number
  /**
   * Whether nothing is published after the last fault, so that whatever is still missing then shows. Publications are
   * not lost on their way in such a run: on a quiet channel nothing would tell.
   */
  readonly endsQuietly: boolean
  /** Time a node takes to hear of a failover, at most. */
  readonly resyncMs: number
  /** Messages a log keeps. */
  readonly logMessages: number
}

/** A plan for one seed. */
export function planFor(chance: Chance): Plan {
  return {
    nodes: 2 + chance.index(2),
    clients: 3,
    channels: 1 + chance.index(2),
    activeMs: 15_000,
    publishEveryMs: chance.between(60, 200),
    faults: 8,
    resyncMs: chance.pick([5, 1_500]),
    endsQuietly: chance.happens(0.5),
    // Some runs have a log so small that slow readers fall out of it.
    logMessages: chance.happens(0.2) ? 25 : NEVER_TRIMMED,
  }
}
