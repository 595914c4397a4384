import type { ConnUp, Recorded } from './events.js'
import type { FinalLog } from './final-log.js'
import type { Position } from './position.js'
import { countUpTo, groupBy } from './recorded.js'
import type { Channel } from './timeline.js'

/** A history of a log as one of its servers tells it. */
export interface Branch {
  /** Whether a position is one of this history. */
  has(position: Position): boolean
  /** Whether it can be said, where this history is served, that what stood at a position is gone. */
  lacks(position: Position, id?: string): boolean
}

/**
 * The histories of a log that somebody on a node may have been led into: the final one; those that were given up, each of
 * which undid only what is in none after it; and where two were served at the same time, the other one by its own nodes,
 * which undoes all that it does not have.
 */
export function branchesFor({ log, undone }: Channel, node: string | undefined): readonly Branch[] {
  const final: Branch = {
    has: (position) => log.keeps(position),
    lacks: (position, id) => !log.keeps(position) && (id === undefined || log.offsetOf(id) === undefined),
  }
  const former = undone.flatMap(({ log: own, nodes }, i): Branch[] => {
    const has = (position: Position): boolean => own.keeps(position)
    if (nodes) return node !== undefined && nodes.includes(node) ? [{ has, lacks: (position) => !has(position) }] : []
    const since: readonly FinalLog[] = undone.slice(i).map((history) => history.log)
    const lacks: Branch['lacks'] = (position, id) =>
      final.lacks(position, id) && !since.some((history) => history.keeps(position))
    return [{ has, lacks }]
  })
  return [final, ...former]
}

/** The node that a client had reached last at some place of the record. */
export type Whereabouts = (client: string, index: number) => string | undefined

export function whereabouts(connUps: readonly Recorded<ConnUp>[]): Whereabouts {
  const byClient = groupBy(connUps, ({ client }) => client)
  return (client, index) => {
    const ups = byClient.get(client) ?? []
    return ups[countUpTo(ups, index) - 1]?.event.node
  }
}
