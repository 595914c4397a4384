import type { Position } from '@org/realtime-protocol'
import { isLog, recorded } from './kinds.js'
import type { World } from './world.js'

/**
 * A position that took another epoch without a gap was rebased; whether rightly so, the true lineage tells.
 *
 * @returns The position in the epoch that goes on.
 */
export function follow(
  world: World,
  subscriber: string,
  channel: string,
  last: Position | undefined,
  to: string,
): Position | undefined {
  if (!last || last.epoch === '' || last.epoch === to || !isLog(channel)) return last
  const { epoch: from, offset } = last
  const end = world.oracle.endOf(from, to)
  world.record({ type: 'rebase', subscriber, channel: recorded(channel, subscriber), from, end, to })
  return { epoch: to, offset }
}
