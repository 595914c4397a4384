import type { ClientFrame } from '@org/realtime-protocol'
import type { Connection } from './connection.js'
import type { Node } from './node.js'

/** What matters of a frame here; of one that no version knows, only its number, if it has one. */
export type PacedFrame = ClientFrame | { readonly type: 'unknown'; readonly ref: number | undefined }

/**
 * What becomes of a frame above the rate. Requests are `refused`, and asked again; what may get lost is `dropped`; what
 * belongs to something that runs already, or ends something, is `served`. A new type of frame has to say.
 */
const ABOVE_RATE: Readonly<Record<PacedFrame['type'], 'refused' | 'dropped' | 'served'>> = {
  subscribe: 'refused',
  publish: 'refused',
  history: 'refused',
  presence: 'refused',
  call: 'refused',
  refresh: 'refused',
  unknown: 'refused',
  send: 'dropped',
  connect: 'served',
  unsubscribe: 'served',
  cancel: 'served',
  result: 'served',
  error: 'served',
  ping: 'served',
  pong: 'served',
  goodbye: 'served',
}

/**
 * Holds a link to the rate of its node. Every frame counts, also those that are served whatever the rate. A peer that
 * goes on and on is hung up on, unless it says goodbye by itself. PROTOCOL.md §8.1.
 *
 * @returns Whether the frame is to be handled.
 */
export function paced(node: Node, connection: Connection, frame: PacedFrame): boolean {
  const { rate } = connection
  if (rate.take(node.clock.now(), connection.receivedBytes) || frame.type === 'goodbye') return true
  if (isAbuse(node, connection)) return false
  if (ABOVE_RATE[frame.type] === 'served') return true
  node.limited(rate.exceeded, { peer: connection.peer, type: frame.type })
  const details = { retryAfterMs: rate.retryAfterMs }
  if (frame.type === 'subscribe') {
    connection.endSubscription(frame.channel, frame.generation, 'RATE_LIMITED', details)
  } else if ('ref' in frame) connection.fail(frame.ref, 'RATE_LIMITED', details)
  return false
}

/** Counts a ping of the transport, which it has answered by itself, as a frame that is served. */
export function pacedPing(node: Node, connection: Connection): void {
  if (!connection.rate.take(node.clock.now(), connection.receivedBytes)) isAbuse(node, connection)
}

/** Hangs up on a peer that went on for too long. */
function isAbuse(node: Node, connection: Connection): boolean {
  const { rate, peer } = connection
  if (!rate.exhausted) return false
  node.limited(rate.exceeded === 'bytesPerSecond' ? 'bytesPerSecond' : 'excessMessages', { peer })
  connection.hangup('ABUSE')
  return true
}
