import { utf8Bytes, type Data, type Position, type Publication, type WireError } from '@org/realtime-protocol'
import type { HistoryPage, HistoryQuery, StoredPublication } from '../ports/index.js'
import type { Node } from './node.js'
import { isWireError, wireError } from './wire-errors.js'

/** A page of a channel's log, as readers get it. */
export interface History<T = Data> {
  /** End of the log. */
  readonly position: Position
  /** The messages, oldest first. */
  readonly publications: ReadonlyArray<Publication & { readonly data: T }>
  /** Whether there is more in the direction of reading. */
  readonly more: boolean
}

/** Reads a page of the log, as the application gets it. Never rejects. */
export async function readHistory(node: Node, channel: string, query: HistoryQuery): Promise<History | WireError> {
  const page = await readPage(node, channel, query)
  if (isWireError(page)) return page
  const { head, publications, more } = page
  return { position: head, more, publications: publications.map((stored) => parsed(channel, head.epoch, stored)) }
}

/**
 * Reads a page of the log. Never rejects.
 *
 * @param maxBytes Bytes of data above which the page ends; it has one message in any case. Default: no such bound.
 */
export async function readPage(
  node: Node,
  channel: string,
  query: HistoryQuery,
  maxBytes = Infinity,
): Promise<HistoryPage | WireError> {
  if (node.modeOf(channel) === 'ephemeral') {
    return wireError('UNSUPPORTED', { message: 'an ephemeral channel keeps no history' })
  }
  const limit = Math.min(query.limit, node.limits.historyMessages)
  try {
    const page = await node.broker.history(channel, { ...query, limit })
    if (!page) return wireError('POSITION_LOST')
    return { head: page.head, ...cut(page, query.after !== undefined, maxBytes) }
  } catch (error) {
    node.logger.error('broker failed', { channel, operation: 'history', error })
    return wireError('UNAVAILABLE')
  }
}

/** A page of so many bytes, cut at the end where reading goes on. */
function cut({ publications, more }: HistoryPage, forwards: boolean, maxBytes: number) {
  const nearest = forwards ? publications : [...publications].reverse()
  let bytes = 0
  const fit = nearest.findIndex(({ payload }, i) => (bytes += utf8Bytes(payload)) > maxBytes && i > 0)
  if (fit < 0) return { publications, more }
  return { publications: forwards ? publications.slice(0, fit) : publications.slice(-fit), more: true }
}

function parsed(channel: string, epoch: string, stored: StoredPublication): Publication {
  const { offset, id, at, payload, from, meta } = stored
  const data: unknown = JSON.parse(payload)
  return { channel, epoch, offset, id, at, data, ...(from ? { from } : {}), ...(meta ? { meta } : {}) }
}
