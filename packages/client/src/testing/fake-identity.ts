import { DEFAULT_LIMITS, type ConnectFrame, type RefreshFrame } from '@org/realtime-protocol'
import type { FakeSession } from './fake-hub.js'
import type { FakeLink } from './fake-link.js'
import { subscribe } from './fake-requests.js'
import type { FakeCredentials } from './fake-types.js'
import { thrownError, wireError } from './wire-error.js'

/**
 * So long that no test lets it pass: a fake server never pings, and its clients are not to give it up. Timers of machines
 * can take it.
 */
const HEARTBEAT_MS = 1_000_000_000

/** A client says who it is. PROTOCOL.md §3.1. */
export async function connect(link: FakeLink, frame: ConnectFrame): Promise<void> {
  const { hub } = link
  if (link.session) return link.hangup('PROTOCOL_ERROR', 'connect twice')
  const identity = await identify(link, { token: frame.token, data: frame.data, reason: 'connect' })
  if ('code' in identity) {
    if (identity.code === 'UNAUTHORIZED' || identity.code === 'FORBIDDEN') return link.hangup(identity.code)
    return link.hangup('STATE', identity.message.slice(0, 100))
  }
  const { user, hello, expiresInMs } = identity
  const before = frame.session && hub.sessions.get(frame.session.id)
  const resumed = before?.user === user ? before : undefined
  const session: FakeSession = resumed ?? { id: hub.name('session'), user, publishes: new Set(), producer: '', link }
  if (session.link !== link) session.link?.hangup('SUPERSEDED')
  session.link = link
  session.producer = frame.producer
  link.session = session
  hub.sessions.set(session.id, session)
  const rebases = (frame.acknowledged ?? []).flatMap(({ channel, ...position }) => {
    const { rebase } = hub.log(hub.keyOf(channel, user)).judge(position)
    return rebase ? [{ channel, ...rebase }] : []
  })
  link.say({
    type: 'connected',
    session: { id: session.id, token: `token of ${session.id}` },
    resumed: resumed !== undefined,
    user,
    heartbeatMs: HEARTBEAT_MS,
    limits: LIMITS,
    ...(hello === undefined ? {} : { hello }),
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
    ...(rebases.length ? { rebases } : {}),
    ...(hub.isDegraded ? { degraded: true } : {}),
  })
  for (const request of frame.subscriptions ?? []) subscribe(link, session, request)
}

/** A running link brings a new token. PROTOCOL.md §3.11. */
export async function refresh(link: FakeLink, { ref, token }: RefreshFrame): Promise<void> {
  const identity = await identify(link, { token, reason: 'refresh' })
  if ('code' in identity) return link.fail(ref, identity)
  if (identity.user !== link.session?.user) return link.fail(ref, 'FORBIDDEN')
  const { expiresInMs } = identity
  link.say({ type: 'result', ref, ...(expiresInMs === undefined ? {} : { expiresInMs }) })
}

const LIMITS = {
  messageBytes: DEFAULT_LIMITS.messageBytes,
  channels: DEFAULT_LIMITS.channels,
  inFlight: DEFAULT_LIMITS.inFlight,
}

async function identify({ hub }: FakeLink, credentials: FakeCredentials) {
  try {
    const identity = await hub.authenticate(credentials)
    return identity
      ? { ...identity, user: identity.user === undefined ? hub.user : identity.user }
      : wireError('UNAUTHORIZED')
  } catch (error) {
    return thrownError(error)
  }
}
