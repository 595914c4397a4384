import type {
  ClientFrame,
  HistoryFrame,
  PresenceFrame,
  PublishFrame,
  SendFrame,
  SubscribeRequest,
  WireError,
} from '@org/realtime-protocol'
import type { FakeSession } from './fake-hub.js'
import type { FakeLink } from './fake-link.js'
import { thrownError, wireError } from './wire-error.js'

/** What is asked about channels. */
export type ChannelRequest = Extract<
  ClientFrame,
  { type: 'subscribe' | 'unsubscribe' | 'publish' | 'send' | 'history' | 'presence' }
>

/** Does what a frame about a channel asks for. */
export function answer(link: FakeLink, session: FakeSession, frame: ChannelRequest): Promise<void> | void {
  switch (frame.type) {
    case 'subscribe':
      return subscribe(link, session, frame)
    case 'unsubscribe': {
      const key = link.hub.keyOf(frame.channel, session.user)
      if (link.subscriptions.get(key) === frame.generation) link.subscriptions.delete(key)
      return
    }
    case 'publish':
      return publish(link, session, frame)
    case 'send':
      return send(link, session, frame)
    case 'history':
      return history(link, session, frame)
    case 'presence':
      return presence(link, session, frame)
  }
}

/** PROTOCOL.md §3.3. */
export function subscribe(link: FakeLink, session: FakeSession, request: SubscribeRequest): void {
  const { hub } = link
  const { channel, generation, since } = request
  const key = hub.keyOf(channel, session.user)
  const refusal = denied(link, session, channel)
  if (refusal) return link.say({ type: 'unsubscribed', channel, generation, ...refusal })
  const log = hub.log(key)
  const verdict = log.judge(since)
  link.subscriptions.set(key, generation)
  link.say({
    type: 'subscribed',
    channel,
    generation,
    ...(log.mode ? { mode: log.mode } : {}),
    head: log.position.offset,
    ...verdict,
  })
  for (const publication of log.after(verdict.position)) link.say({ type: 'publication', ...publication })
  hub.subscribes.add({ channel, user: session.user, session: session.id })
}

/** PROTOCOL.md §3.4. */
async function publish(link: FakeLink, session: FakeSession, frame: PublishFrame): Promise<void> {
  const { hub } = link
  const { ref, channel, id, key, meta, epoch } = frame
  const log = hub.log(hub.keyOf(channel, session.user))
  const refusal = channel.startsWith('@') ? wireError('FORBIDDEN') : denied(link, session, channel)
  if (refusal) return link.fail(ref, refusal)
  if (log.mode === 'ephemeral') {
    return link.fail(ref, wireError('UNSUPPORTED', 'an ephemeral channel takes send(), which is not retried'))
  }
  const from = { user: session.user, session: session.id }
  const message = { channel, data: frame.data, id, key, meta, ...from }
  // One that is sent again is not a second one.
  if (!session.publishes.has(id)) hub.publishes.add(message)
  session.publishes.add(id)
  if (hub.isDegraded) return link.fail(ref, 'UNAVAILABLE')
  let data: unknown
  try {
    data = (await hub.ruleFor(hub.judges, channel)?.(message as never)) ?? frame.data
  } catch (error) {
    return link.fail(ref, thrownError(error))
  }
  const outcome = log.once(session.producer, frame, () =>
    hub.publish(channel, { id, data, from, ...(meta ? { meta } : {}) }),
  )
  if ('expected' in outcome) return link.fail(ref, { ...wireError('OUT_OF_ORDER'), ...outcome })
  const rebase = epoch && epoch !== outcome.position.epoch ? log.judge({ epoch, offset: 0 }).rebase : undefined
  link.say({ type: 'reply', ref, ...outcome, ...(rebase ? { rebase } : {}) })
}

function send(link: FakeLink, session: FakeSession, { channel, id, data, meta }: SendFrame): void {
  const { hub } = link
  if (channel.startsWith('@') || denied(link, session, channel) || hub.isDegraded) return
  const from = { user: session.user, session: session.id }
  hub.sends.add({ channel, data, id, meta, ...from })
  hub.publish(channel, { id, data, from, ...(meta ? { meta } : {}) })
}

/** PROTOCOL.md §3.5. */
function history(link: FakeLink, session: FakeSession, frame: HistoryFrame): void {
  const { hub } = link
  const { ref, channel } = frame
  const log = hub.log(hub.keyOf(channel, session.user))
  const refusal = denied(link, session, channel)
  if (refusal) return link.fail(ref, refusal)
  if (log.mode === 'ephemeral') return link.fail(ref, 'UNSUPPORTED')
  const page = log.history(frame)
  if (page) link.say({ type: 'reply', ref, ...page })
  else link.fail(ref, 'POSITION_LOST')
}

/** PROTOCOL.md §3.9. */
function presence(link: FakeLink, session: FakeSession, frame: PresenceFrame): void {
  const { ref, channel, action, data } = frame
  const refusal = denied(link, session, channel)
  if (refusal) return link.fail(ref, refusal)
  const there = link.hub.presence(channel)
  if (action === 'enter') {
    there.enter({ user: session.user, session: session.id, ...(data === undefined ? {} : { data }) })
  } else if (action === 'leave') there.leave(session.id)
  else if (action === 'unwatch') link.watched.delete(channel)
  const { position, list } = there
  const isRead = action === 'get' || action === 'watch'
  link.say({ type: 'reply', ref, position, ...(isRead ? { count: list.length, members: list } : {}) })
  if (action === 'watch') link.watched.add(channel)
}

/** Why a channel is closed to a session, if it is. */
function denied({ hub }: FakeLink, { user }: FakeSession, channel: string): WireError | undefined {
  if (channel === '@') return user === null ? wireError('FORBIDDEN') : undefined
  if (channel.startsWith('@')) return wireError('UNKNOWN_CHANNEL')
  return hub.ruleFor(hub.refused, channel)
}
