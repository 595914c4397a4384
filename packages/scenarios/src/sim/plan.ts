import type { Chance } from './chance.js'

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
    // Some runs have a log so small that slow readers fall out of it.
    logMessages: chance.happens(0.2) ? 25 : 5_000,
  }
}
