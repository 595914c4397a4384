import { CLOSE_CODES, type ConnectFrame, type Rebase } from '@org/realtime-protocol'
import type { Claim, Handshake } from '../../ports/index.js'
import type { Admission } from '../admission.js'
import type { Connection } from '../connection.js'
import { PERSONAL } from '../declarations.js'
import { endSession } from '../endings.js'
import { dismissOne, isToComeBack } from '../held.js'
import type { Node } from '../node.js'
import { Session } from '../session.js'
import { subscribe } from './subscribe.js'

/**
 * `connect`: authenticates, claims the session, answers, and resumes the subscriptions, all in one round trip.
 * A resume proves nothing about rights: every one is authenticated and authorized again. PROTOCOL.md §3.1, §3.2.
 */
export async function connect(
  node: Node,
  connection: Connection,
  frame: ConnectFrame,
  handshake: Handshake,
): Promise<void> {
  const dismissed = node.dismissals.count
  const admission = await node.admit({ reason: 'connect', token: frame.token, data: frame.data, handshake })
  if (connection.isClosed) return
  if (typeof admission === 'string') {
    node.instruments.refused.add(String(CLOSE_CODES[admission].code))
    return connection.hangup(admission)
  }

  const token = node.random.id() + node.random.id()
  const digest = node.random.digest(token)
  const endings = ended(node, frame)
  const claim = await claimSession(node, frame, admission, digest)
  if (!claim) return connection.hangup('STATE', 'the session store cannot be reached')

  const user = admission.user?.id ?? null
  const session = new Session(claim.id, claim.owner, digest, admission.user, producerOf(user, frame.producer), claim)
  // Held from the claim on, not from `connected` on: a later claim must find who to close.
  if (connection.isClosed) return absent(node, session, dismissed)
  connection.session = session
  node.absent.remove(session.id, session.owner)
  if (!node.registry.attach(session, connection, node.clock.date())) return connection.hangup('SUPERSEDED')

  const rebases = await endings
  if (connection.isClosed) return
  const dismissal = node.dismissals.since(dismissed, session.id, user)
  if (dismissal) return dismissOne(node, { session, connection }, dismissal)
  connection.open(admission.expiresInMs)
  node.logger.debug('connected', { session: session.id, user, resumed: claim.resumed })
  node.trace('connect', { session: session.id, user, resumed: claim.resumed, peer: connection.peer })
  const { messageBytes, channels, inFlight, messagesPerSecond, messageBurst, heartbeatMs } = node.limits
  connection.say({
    type: 'connected',
    session: { id: session.id, token },
    resumed: claim.resumed,
    user,
    heartbeatMs,
    limits: { messageBytes, channels, inFlight, messagesPerSecond, messageBurst },
    ...(admission.hello === undefined ? {} : { hello: admission.hello }),
    ...(admission.expiresInMs === undefined ? {} : { expiresInMs: admission.expiresInMs }),
    ...(rebases.length === 0 ? {} : { rebases }),
    ...(node.isDegraded ? { degraded: true } : {}),
  })
  for (const request of frame.subscriptions ?? []) subscribe(node, connection, session, request)
  // Those of the server that the client did not name, because it has never heard of them.
  for (const channel of session.subscriptions) subscribe(node, connection, session, { channel, generation: 0 })
}

/** The link of a session has ended before it was claimed: it is resumed from here, by the token that it has. */
function absent(node: Node, session: Session, dismissed: number): void {
  node.registry.superseded(session.id, session.owner)
  node.absent.remove(session.id, session.owner)
  const dismissal = node.dismissals.since(dismissed, session.id, session.user)
  if (dismissal && !isToComeBack(dismissal)) return endSession(node, session)
  if (node.registry.of({ session: session.id }).length === 0) node.absent.add(session)
}

/**
 * The producer, scoped by its user: who learns another user's producer id still cannot use its numbers up. As JSON, so
 * that no two pairs look alike.
 */
function producerOf(user: string | null, producer: string): string {
  return JSON.stringify([user, producer])
}

async function claimSession(
  node: Node,
  frame: ConnectFrame,
  admission: Admission,
  nextDigest: string,
): Promise<Claim | undefined> {
  // One that is over is over here at once, whoever ended it, also while the store cannot be told.
  const isOver = (id: string): boolean => node.endings.has(id) || node.dismissals.isOver(id)
  const session = frame.session && !isOver(frame.session.id) ? frame.session : undefined
  const resume = session && { id: session.id, digest: node.random.digest(session.token) }
  try {
    return await node.sessions.claim({ newId: node.random.id(), resume, user: admission.user?.id ?? null, nextDigest })
  } catch (error) {
    node.logger.error('session store failed', { operation: 'claim', error })
    return undefined
  }
}

/**
 * Where the epochs of the client's acknowledged publishes ended, so that it can tell which of them were undone.
 * PROTOCOL.md §5.3.
 */
async function ended(node: Node, frame: ConnectFrame): Promise<Array<Rebase & { channel: string }>> {
  const found = await Promise.all(
    (frame.acknowledged ?? [])
      // Nobody but the server publishes to a personal channel, and an ephemeral one keeps nothing to be undone.
      .filter(({ channel }) => !channel.startsWith(PERSONAL) && node.modeOf(channel) !== 'ephemeral')
      .map(async ({ channel, epoch, offset }) => {
        try {
          const { rebase } = await node.broker.recover(channel, { epoch, offset }, 0)
          return rebase && { channel, ...rebase }
        } catch (error) {
          // The client keeps asking: with its next publish, and with its next connect.
          node.logger.error('broker failed', { channel, operation: 'recover', error })
          return undefined
        }
      }),
  )
  return found.filter((rebase) => rebase !== undefined)
}
