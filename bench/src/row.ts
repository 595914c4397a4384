import type { ContenderName } from './contenders/index.js'
import type { Cluster } from './cluster.js'
import type { Rig } from './rig.js'

/** How large and how long a measurement is. */
export interface Size {
  /** How long what is measured goes on, in seconds. */
  readonly seconds: number
  /** Gives the number of links for one at full size; never less than `least`. */
  readonly links: (full: number, least?: number) => number
}

/** What one run of one contender gave. */
export interface Measurement {
  /** The number, in the unit of the row. */
  readonly value: number
  /** What else is worth knowing, by name with its unit. */
  readonly details?: Readonly<Record<string, number>>
}

/** What a row has to reach. */
export interface Target {
  /** At most so much, or so many times what another contender has. */
  readonly atMost: number
  /** The other contender; absent: the number itself is judged. */
  readonly against?: ContenderName
  /** The detail that is judged; absent: the number of the row. */
  readonly of?: string
}

/** One thing that is measured, with everybody it is measured on. Less is better in every row. */
export type Row = SingleRow | ClusterRow

/** What a row is, whatever it runs on. */
export interface RowFacts {
  /** Names the row on the command line. */
  readonly id: string
  /** What is done, in a few words. */
  readonly title: string
  /** What the number is. */
  readonly unit: string
  /** Who is measured, in the order of each round. Ours is one of them. */
  readonly contenders: readonly ContenderName[]
  /** What ours has to reach. */
  readonly targets: readonly Target[]
  /** Runs of each contender that are enough, where one takes long and they hardly differ. Default: as asked for. */
  readonly runs?: number
}

/** A row that is measured on one server. */
export interface SingleRow extends RowFacts {
  readonly nodes?: undefined
  /** Does it once, on a server and a generator that were just started. Throws when anything was not as expected. */
  measure(rig: Rig, size: Size): Promise<Measurement>
}

/** A row that is measured on servers which share a Redis. */
export interface ClusterRow extends RowFacts {
  /** How many servers. */
  readonly nodes: number
  /** Does it once, on processes that were just started. Throws when anything was not as expected. */
  measure(cluster: Cluster, size: Size): Promise<Measurement>
}
