import type { PublishFrame, WireError } from '@org/realtime-protocol'
import type { PublishOutcome } from '../../ports/index.js'
import type { Connection } from '../connection.js'
import type { Node } from '../node.js'
import { FULL_RETRY_MS } from '../retry.js'
import type { Session } from '../session.js'
import { isWireError, wireError } from '../wire-errors.js'

/** `publish`: one after the other within a channel, so that numbers arrive in order. PROTOCOL.md §3.4. */
export function publish(node: Node, connection: Connection, session: Session, frame: PublishFrame): void {
  const taken = connection.inbox.run(`publish ${frame.channel}`, async () => {
    const answer = await perform(node, connection, session, frame)
    if (isWireError(answer) && answer.code === 'TOO_LARGE') node.limited('logBytes', { peer: connection.peer })
    if (isWireError(answer)) connection.say({ type: 'error', ref: frame.ref, ...answer })
    else connection.say({ type: 'reply', ref: frame.ref, ...answer })
  })
  // Retryable, always: an earlier copy of the same publish may be among those that wait, and will be stored.
  if (taken) return
  node.limited(connection.inbox.isFull ? 'inboxFrames' : 'inFlight', { peer: connection.peer })
  connection.fail(frame.ref, 'RATE_LIMITED', { retryAfterMs: FULL_RETRY_MS })
}

async function perform(node: Node, connection: Connection, session: Session, frame: PublishFrame) {
  const { channel, id, data, meta, key, epoch, seq, lowest } = frame
  const number = seq && lowest ? { producer: session.producer, seq, lowest } : undefined
  const draft = { channel, id, data, meta, key, epoch, number, retried: true }
  return answer(await node.publishing.fromSession(session, draft, () => !connection.isLost))
}

function answer(outcome: PublishOutcome | WireError) {
  if (isWireError(outcome)) return outcome
  switch (outcome.kind) {
    case 'stored': {
      const { position, id, rebase } = outcome
      return { position, id, ...(rebase ? { rebase } : {}) }
    }
    case 'out-of-order':
      return wireError('OUT_OF_ORDER', { expected: outcome.expected })
    case 'forgotten':
      // An `expected` above the number tells the client that the outcome is not known any more.
      return wireError('OUT_OF_ORDER', {
        expected: outcome.expected,
        message: 'this number was used, and its position is no longer kept',
      })
  }
}
