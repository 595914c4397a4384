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
  /** How many of the clients publish without listening: nobody but the answers can tell them of a loss. */
  readonly publishOnly: number
  /** Most messages that are published in one go. */
  readonly burst: number
  /** Messages in one page of a recovery. */
  readonly recoveryPageMessages: number
  /** Longest time a rule of the application takes to decide. */
  readonly ruleMs: number
  /** Probability that a publish has an idempotency key. */
  readonly keys: number
  /** How long a token is good for. */
  readonly tokenMs: number
  /** Probability that a rule denies a publish, whatever it said of an earlier copy. */
  readonly denials: number
  /** Whether what the server gave is taken back now and then. */
  readonly takesBack: boolean
  /** Probability that whoever publishes gives up before the answer. */
  readonly aborts: number
}

/** A plan for one seed. */
export function planFor(chance: Chance): Plan {
  return {
    nodes: 2 + chance.index(2),
    clients: 4,
    channels: chance.pick([1, 2, 5]),
    activeMs: 15_000,
    publishEveryMs: chance.between(60, 200),
    faults: 8,
    resyncMs: chance.pick([5, 1_500]),
    endsQuietly: chance.happens(0.5),
    // Some runs have a log so small that slow readers fall out of it.
    logMessages: chance.pick([2, 25, NEVER_TRIMMED, NEVER_TRIMMED, NEVER_TRIMMED, NEVER_TRIMMED, NEVER_TRIMMED]),
    publishOnly: chance.index(2),
    burst: chance.pick([1, 1, 8, 30]),
    recoveryPageMessages: chance.pick([2, 100]),
    ruleMs: chance.pick([0, 0, 300, 1_500]),
    keys: chance.pick([0, 0.3]),
    aborts: chance.pick([0, 0, 0.15]),
    tokenMs: chance.pick([Infinity, 16_000, 24_000]),
    denials: chance.pick([0, 0.05]),
    takesBack: chance.happens(0.3),
  }
}
