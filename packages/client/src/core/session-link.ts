import {
  closePolicy,
  isRefusal,
  type ClosingFrame,
  type ConnectFrame,
  type ConnectedFrame,
} from '@org/realtime-protocol'
import { NO_WEBSOCKET } from '../ports/transport.js'
import { RealtimeError } from './errors.js'
import { stepLink, type Link, type LinkInput } from './link-machine.js'
import { abandon, acknowledged, rollback, stepOutbox } from './outbox.js'
import { answer, finish } from './requests.js'
import type { SessionState } from './session-state.js'
import { ended, request, stepSubscription } from './subscription-machine.js'
import type { Turn } from './turn.js'

/** A link is open: says who we are and where every subscription stands. One round trip resumes everything. */
export function greet(state: SessionState, link: Link, data: unknown, turn: Turn): void {
  if (link.phase !== 'dialing') return
  link.phase = 'handshaking'
  const { config, token, session } = state
  const subscriptions = fitting(state.subscriptions.values()).map((sub) => request(sub, link.id, turn))
  const known = fitting(acknowledged(state.outbox))
  turn.act('send', link.id, {
    type: 'connect',
    producer: config.producer,
    token,
    data,
    session,
    subscriptions: subscriptions.length ? subscriptions : undefined,
    acknowledged: known.length ? known : undefined,
  } as ConnectFrame)
}

/** As many as a `connect` frame may hold: 128, and 64 KiB with all the rest. Later subscriptions follow by themselves. */
function fitting<T extends { readonly channel: string }>(items: Iterable<T>): T[] {
  let room = 30_000
  return [...items].filter(({ channel }, i) => i < 128 && (room -= channel.length * 3 + 150) > 0)
}

/** Takes a frame. */
export function hear(state: SessionState, link: Link, frame: LinkInput, turn: Turn): void {
  const { outbox, subscriptions } = state
  const { phase } = link
  if (frame.type === 'connected' && phase !== 'handshaking') return
  stepLink(link, frame, turn)
  if (link.phase !== 'open') return
  const { type } = frame
  if (type === 'connected') welcome(state, frame, turn)
  else if (type === 'reply' || type === 'error') {
    answer(state.requests, frame, turn)
    stepOutbox(outbox, frame, turn)
  } else if ('channel' in frame) {
    const { channel } = frame
    const sub = subscriptions.get(channel)
    if (!sub) {
      // Left between our request and its answer.
      if (type === 'subscribed')
        turn.act('send', link.id, { type: 'unsubscribe', channel, generation: frame.generation })
    } else if (stepSubscription(sub, frame, link.id, turn)) subscriptions.delete(channel)
    const rebase = type === 'rebase' ? frame : 'rebase' in frame && frame.rebase
    if (rebase) rollback(outbox, channel, rebase, turn)
  }
}

function welcome(state: SessionState, frame: ConnectedFrame, turn: Turn): void {
  const { session, user, resumed, hello, expiresInMs, rebases = [] } = frame
  state.status = 'connected'
  state.connected = frame
  state.session = session
  state.closeCode = state.reason = undefined
  state.refusals = state.rejections = 0
  state.tokenFresh = false
  state.tokenExpiresAt = turn.now + (expiresInMs ?? Infinity)
  turn.timer('stable', state.config.reconnect.stableMs)
  turn.say('emit', 'connected', { session: session.id, user, resumed, hello, expiresInMs })
  for (const rebase of rebases) rollback(state.outbox, rebase.channel, rebase, turn)
}

/**
 * Gives a link up, without waiting for the other side: by default because it was silent too long. For us it ends as a
 * broken one; the code is for the server's log.
 */
export function hangup(state: SessionState, link: Link, turn: Turn, code = 4004, reason = 'silent'): void {
  turn.act('hangup', link.id, code, reason)
  down(state, link, 1006, reason, turn)
}

/** A link is gone. What was on it waits for the next one; the close code says whether there is a next one. */
export function down(state: SessionState, link: Link, socketCode: number, socketReason: string, turn: Turn): void {
  state.links.delete(link.id)
  turn.timer(`link ${link.id}`)
  if (link !== state.link) return
  // What the server said in a frame is what it meant; the socket may only know that it broke.
  const { code, reason, retryAfterMs }: Omit<ClosingFrame, 'type'> = link.closing ?? {
    code: socketCode,
    reason: socketReason,
  }
  state.link = undefined
  state.closeCode = code
  state.reason = reason
  turn.timer('stable')
  for (const sub of state.subscriptions.values()) stepSubscription(sub, { type: 'down' }, 0, turn)
  for (const waiting of [...state.outbox.entries.values(), ...state.requests.values()]) waiting.ref = 0
  const policy = closePolicy(code)
  state.refusals = isRefusal(code) && link.phase !== 'open' ? state.refusals + 1 : 0
  const ends = (name: string) => end(state, turn, new RealtimeError(name, reason || name, { closeCode: code }))
  if (policy === 'terminal' || state.refusals > 1) ends(code === NO_WEBSOCKET ? 'NO_WEBSOCKET' : 'TERMINATED')
  else if (policy === 'reauthenticate' && (!state.config.asks || (state.tokenFresh && ++state.rejections > 1))) {
    ends('UNAUTHORIZED')
  } else {
    if (policy === 'reauthenticate') state.tokenReason = 'rejected'
    if (policy === 'restart') state.session = undefined
    retry(state, turn, retryAfterMs)
  }
}

/** Waits for the next attempt. Every way to a dial but the first goes through here. */
export function retry(state: SessionState, turn: Turn, floorMs = 0): void {
  const ms = turn.delay(state.attempt++, floorMs)
  state.status = 'connecting'
  state.notBefore = turn.now + floorMs
  state.retryAt = turn.now + ms
  turn.timer('retry', ms)
}

/** Ends the client. Everybody who waits is told. */
export function end(state: SessionState, turn: Turn, error?: RealtimeError): void {
  const { links, outbox, requests, subscriptions, timers } = state
  for (const id of links.keys()) turn.act('hangup', id, 1000, '')
  links.clear()
  state.link = state.retryAt = undefined
  state.asking = 0
  state.status = 'closed'
  state.error = error
  for (const channel of subscriptions.keys()) ended(channel, turn, error)
  subscriptions.clear()
  const why = error ?? new RealtimeError('CLOSED')
  for (const entry of outbox.entries.values()) abandon(outbox, entry, turn, why)
  for (const id of requests.keys()) finish(requests, id, turn, why)
  for (const name of timers) turn.timer(name)
}
