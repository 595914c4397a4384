import type { Position, Publication, WireError } from '@org/realtime-protocol'
import type { HistoryQuery, StoredPublication } from '../ports/index.js'
import type { Node } from './node.js'
import { wireError } from './wire-errors.js'

/** A page of a channel's log, as readers get it. */
export interface History {
  /** End of the log. */
  readonly position: Position
  /** The messages, oldest first. */
  readonly publications: readonly Publication[]
  /** Whether there is more in the direction of reading. */
  readonly more: boolean
}

/** Reads a page of the log. Never rejects. */
export async function readHistory(node: Node, channel: string, query: HistoryQuery): Promise<History | WireError> {
  const limit = Math.min(query.limit, node.limits.historyMessages)
  try {
    const page = await node.broker.history(channel, { ...query, limit })
    if (!page) return wireError('POSITION_LOST')
    const { head, publications, more } = page
    return { position: head, more, publications: publications.map((stored) => parsed(channel, head.epoch, stored)) }
  } catch (error) {
    node.logger.error('broker failed', { channel, operation: 'history', error })
    return wireError('UNAVAILABLE')
  }
}

function parsed(channel: string, epoch: string, stored: StoredPublication): Publication {
  const { offset, id, at, payload, from, meta } = stored
  const data: unknown = JSON.parse(payload)
  return { channel, epoch, offset, id, at, data, ...(from ? { from } : {}), ...(meta ? { meta } : {}) }
}
