import {
  isRefusal,
  isTerminal,
  REAUTHENTICATE,
  RESTART,
  type ClosingFrame,
  type ConnectFrame,
  type ConnectedFrame,
  type ProtocolError,
  type ReplyFrame,
  type ServerFrame,
} from '@org/realtime-protocol'
import { NO_WEBSOCKET } from '../ports/transport.js'
import { CONNECT_BYTES, CONNECT_ENTRIES } from './bounds.js'
import { RealtimeError } from './errors.js'
import { ask, checkInMs, PATIENCE_MS } from './heartbeat.js'
import { acknowledged, answer, interrupt, roll } from './outbox.js'
import type { Link, SessionState } from './session-state.js'
import { attendAgain, attended, hearOf, unwatched } from './presence.js'
import {
  ended,
  newSubscription,
  request,
  stepSubscription,
  suspend,
  type Subscription,
} from './subscription-machine.js'
import * as turn from './turn.js'
import { upsert } from './upsert.js'

/** Takes the next step to a link, if there is one to take: a token, then the dial. */
export function go(state: SessionState): void {
  const { config } = state
  state.retryAt = undefined
  if (state.link || state.offline) return
  const id = turn.next()
  const reason = state.tokenReason ?? (config.asks && state.tokenExpiresAt <= turn.now ? 'expired' : undefined)
  // The deadline runs until `connected`: it covers dial and handshake.
  const link: Link = {
    id,
    heardAt: turn.now,
    silenceMs: config.connectTimeoutMs,
    dueAt: turn.now,
    graced: false,
  }
  state.link = link
  if (reason) turn.act('token', id, reason)
  else {
    state.links.set(id, link)
    turn.act('dial', id, config.url)
    watch(state, link)
  }
}

/** Looks whether a link was silent too long, and when to look again. A link that may have died unseen is pinged. */
function watch(state: SessionState, link: Link, doubts?: boolean): void {
  const ms = checkInMs(link, turn.now)
  if (!ms) return hangup(state, link)
  if ((doubts || link.graced) && link.open) turn.act('send', link.id, { type: 'ping' })
  turn.timer(link, ms, () => watch(state, link))
}

/**
 * Finds out whether the links outlived what may have been a sleep, or a change of the network: asks the server, which
 * also makes a network stack that lost the connection say so.
 */
export function probe(state: SessionState): void {
  for (const link of state.links.values()) {
    // Several events tell of one awakening; only the first may start the grace, none may cut it short.
    if (link.graced) continue
    ask(link, turn.now)
    watch(state, link, true)
  }
}

/** A link is open: says who we are and where every subscription stands. One round trip resumes everything. */
export function greet(state: SessionState, { data }: { readonly data?: unknown }, link: Link): void {
  if (link.open !== undefined) return
  link.open = false
  // Later subscriptions follow by themselves.
  let room = CONNECT_BYTES
  const fits = ({ channel }: { readonly channel: string }, i: number) =>
    i < CONNECT_ENTRIES && (room -= channel.length * 3 + 150) > 0
  const first = [...state.wishes.values()].filter(fits)
  const wanted = first.map((sub) => request(sub, link.id))
  const known = acknowledged(state, turn.now).filter(fits)
  turn.act('send', link.id, {
    type: 'connect',
    producer: state.config.producer,
    token: state.token,
    data,
    session: state.session,
    subscriptions: wanted[0] && wanted,
    acknowledged: known[0] && known,
  } as ConnectFrame)
}

/** Takes a frame. Any is a sign of life, also one of a type nobody knows. */
export function hear(
  state: SessionState,
  { frame }: { readonly frame: ServerFrame | ProtocolError },
  link: Link,
): void {
  const { wishes } = state
  const { type } = frame
  if (type === 'protocol-error' && frame.kind === 'malformed') hangup(state, link, 4502, frame.kind)
  if (type === 'closing') link.closing = frame
  // Between `connect` and `connected` nothing else counts, and a client says nothing.
  if (link.open !== (type !== 'connected')) return
  link.heardAt = turn.now
  if (type === 'connected') {
    link.open = true
    link.silenceMs = frame.heartbeatMs + PATIENCE_MS
    watch(state, link)
    welcome(state, frame)
  } else if (type === 'ping') turn.act('send', link.id, { type: 'pong' })
  else if (type === 'reply' || type === 'result' || type === 'error') {
    const entry = answer(state, frame)
    if (!entry) unwatched(state, frame.ref)
    else if (entry.fields.action) attended(state, entry, frame as Partial<ReplyFrame>)
    if (type === 'result' && frame.expiresInMs !== undefined) state.tokenExpiresAt = turn.now + frame.expiresInMs
  } else if (type === 'call') turn.say(type, link.id, frame)
  else if (type === 'cancel') turn.say(type, link.id, frame.ref)
  else if (type === 'join' || type === 'leave' || type === 'presence') hearOf(state, frame)
  else if (type === 'state') state.degraded = frame.degraded
  else if (type === 'expiring') renew(state)
  else if ('channel' in frame) {
    const { channel } = frame
    let sub = wishes.get(channel)
    if (type === 'subscribed' && !frame.generation) {
      // The server wants us to have it, whether or not somebody here does.
      sub = upsert(wishes, channel, () => newSubscription(channel))
      if (!sub.generation) sub.link = link.id
      sub.made = true
    }
    if (sub) {
      if (stepSubscription(sub, frame, link.id)) wishes.delete(channel)
    } else if (type === 'subscribed') {
      // Left between our request and its answer.
      turn.act('send', link.id, { type: 'unsubscribe', channel, generation: frame.generation })
    }
    const rebase = type === 'rebase' ? frame : 'rebase' in frame && frame.rebase
    if (rebase) roll(state, channel, rebase)
  }
}

/** The token will expire: asks for another one, which the running link takes. */
export function renew(state: SessionState): void {
  if (!state.config.asks || !state.link?.open || state.refreshing) return
  state.refreshing = turn.next()
  turn.act('token', state.refreshing, 'expired')
}

function welcome(state: SessionState, frame: ConnectedFrame): void {
  const { session, resumed, expiresInMs, degraded = false } = frame
  state.status = 'connected'
  state.connected = frame
  state.degraded = degraded
  state.session = session
  state.closeCode = state.reason = undefined
  state.rejections = 0
  state.tokenFresh = false
  state.tokenExpiresAt = turn.now + (expiresInMs ?? Infinity)
  turn.timer('stable', state.config.reconnect.stableMs, () => {
    state.attempt = 0
  })
  turn.say('emit', 'connected', { session: session.id, user: frame.user, resumed, hello: frame.hello, expiresInMs })
  for (const rebase of frame.rebases ?? []) roll(state, rebase.channel, rebase)
  attendAgain(state)
  // What the server made ended with its session.
  for (const sub of resumed ? [] : state.wishes.values()) {
    sub.made = false
    if (!sub.wanted) leave(state, sub)
  }
}

/** Ends a subscription. */
export function leave({ wishes }: SessionState, sub: Subscription): void {
  const { channel, generation } = sub
  turn.send({ type: 'unsubscribe', channel, generation })
  wishes.delete(channel)
  ended(sub)
}

/**
 * Gives a link up, without waiting for the other side: by default because it was silent too long. For us it ends as a
 * broken one; the code is for the server's log.
 */
export function hangup(state: SessionState, link: Link, code = 4004, reason = 'silent'): void {
  turn.act('hangup', link.id, code, reason)
  down(state, { code: 1006, reason }, link)
}

/** A link is gone. What was on it waits for the next one; the close code says whether there is a next one. */
export function down(state: SessionState, end: Omit<ClosingFrame, 'type'>, link: Link): void {
  state.links.delete(link.id)
  turn.cancel(link)
  turn.say('cancel', link.id)
  if (link !== state.link) return
  // What the server said in a frame is what it meant; the socket may only know that it broke.
  const { code, reason, retryAfterMs } = link.closing ?? end
  state.link = undefined
  state.closeCode = code
  state.reason = reason
  turn.cancel('stable')
  turn.cancel('refresh')
  state.refreshing = 0
  for (const sub of state.wishes.values()) {
    suspend(sub)
    sub.attempt = 0
  }
  interrupt(state)
  state.refusals = isRefusal(code) && !link.open ? state.refusals + 1 : 0
  let failure
  if (code === RESTART) state.session = undefined
  if (code === REAUTHENTICATE) {
    if (!state.config.asks || (state.tokenFresh && ++state.rejections > 1)) failure = 'UNAUTHORIZED'
    state.tokenReason = 'rejected'
  } else if (isTerminal(code) || state.refusals > 1) failure = code === NO_WEBSOCKET ? 'NO_WEBSOCKET' : 'TERMINATED'
  if (failure) finish(state, new RealtimeError(failure, reason || failure, { closeCode: code }))
  else retry(state, retryAfterMs)
}

/** Waits for the next attempt. Every way to a dial but the first goes through here. */
export function retry(state: SessionState, floorMs = 0): void {
  state.status = 'connecting'
  state.notBefore = turn.now + floorMs
  pause(state, turn.delay(state.attempt++, floorMs))
}

/** Shortens a wait because somebody asked or the network came back: to the shortest back-off, or what the server asked. */
export function hurry(state: SessionState): void {
  if (state.status !== 'connecting' || state.link || state.offline) return
  const at = Math.max(turn.now + state.config.reconnect.minMs, state.notBefore)
  if ((state.retryAt ?? Infinity) > at) pause(state, at - turn.now)
}

function pause(state: SessionState, ms: number): void {
  state.retryAt = turn.now + ms
  turn.timer('retry', ms, () => go(state))
}

/** Ends the client. The step that does so cleans up. */
export function finish(state: SessionState, error?: RealtimeError): void {
  state.status = 'closed'
  state.error = error
}
