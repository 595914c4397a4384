import { fire, flush, go, hurry } from './session-work.js'
import { RealtimeError } from './errors.js'
import type { ClientState } from './events.js'
import { stepLink } from './link-machine.js'
import { enqueue, settle } from './outbox.js'
import { finish } from './requests.js'
import { down, end, greet, hangup, hear, retry } from './session-link.js'
import type { SessionInput, SessionState } from './session-state.js'
import { ended, newSubscription } from './subscription-machine.js'
import { turn as begin, type Effect, type Turn } from './turn.js'

/**
 * The client's thinking: one input in, what to do about it out. Updates the state in place; nobody else does. Time
 * and chance come in with the input.
 *
 * Laws: what reaches the application comes last in the list · news of a link that is not live changes nothing · every
 * dial after the first follows a timer of at least the shortest back-off · `closed` is final and leaves no timer.
 */
export function step(
  state: SessionState,
  input: SessionInput,
  now: number,
  chance: number,
): { readonly state: SessionState; readonly effects: Effect[] } {
  const turn = begin(now, chance, state, state.config.reconnect)
  if (state.status === 'closed') refuse(state, input, turn)
  else {
    handle(state, input, turn)
    // A message changes nothing that waits to be sent, and messages are what there is most of.
    if (!(input.type === 'frame' && input.frame?.type === 'publication')) flush(state, turn)
  }
  const told = [state.status, state.attempt, state.retryAt, state.offline].join()
  if (told !== state.told) {
    const detail = { ...describe(state, now), previous: state.previous }
    turn.news.unshift(['emit', 'state', detail])
    state.told = told
    state.previous = state.status
  }
  return { state, effects: [...turn.deeds, ...turn.news] }
}

/** What the application may know of a session. */
export function describe(state: SessionState, now: number): ClientState {
  const { status, attempt, offline, retryAt, error, closeCode, reason } = state
  return {
    status,
    attempt,
    offline,
    retryAt,
    retryInMs: retryAt && Math.max(0, retryAt - now),
    error,
    closeCode,
    reason,
  }
}

function handle(state: SessionState, input: SessionInput, turn: Turn): void {
  const { config, outbox, requests, subscriptions } = state
  switch (input.type) {
    case 'connect':
      if (state.status === 'idle') start(state, turn)
      else hurry(state, turn)
      break
    case 'close':
      if (state.status === 'connected' && state.link) turn.act('send', state.link.id, { type: 'goodbye' })
      end(state, turn)
      break
    case 'offline':
      state.offline = true
      break
    case 'online':
    case 'wake':
      if (input.type === 'online') state.offline = false
      for (const link of state.links.values()) if (stepLink(link, { type: 'wake' }, turn)) hangup(state, link, turn)
      hurry(state, turn)
      break
    case 'opened':
    case 'frame':
    case 'malformed':
    case 'closed': {
      const link = state.links.get(input.link)
      if (!link) break
      if (input.type === 'opened') greet(state, link, input.data, turn)
      else if (input.type === 'frame') hear(state, link, input.frame ?? { type: 'unknown' }, turn)
      else if (input.type === 'malformed') hangup(state, link, turn, 4502, 'malformed')
      else down(state, link, input.code, input.reason, turn)
      break
    }
    case 'timer':
      if (state.timers.delete(input.name)) fire(state, input.name, turn)
      break
    case 'token':
      if (input.attempt !== state.asking) break
      state.asking = 0
      if (typeof input.token === 'string') {
        state.token = input.token
        state.tokenReason = undefined
        state.tokenExpiresAt = Infinity
        state.tokenFresh = true
        go(state, turn)
      } else if (input.final) end(state, turn, new RealtimeError('UNAUTHORIZED'))
      else retry(state, turn)
      break
    case 'subscribe': {
      const { channel } = input
      turn.timer(`linger ${channel}`)
      if (!subscriptions.has(channel)) subscriptions.set(channel, newSubscription(channel, input.since, turn))
      start(state, turn)
      break
    }
    case 'unsubscribe':
      if (subscriptions.has(input.channel)) turn.timer(`linger ${input.channel}`, config.lingerMs)
      break
    case 'publish': {
      const { type: _, ...draft } = input
      enqueue(outbox, draft, config.outbox, turn)
      start(state, turn)
      break
    }
    case 'history':
      requests.set(input.id, { id: input.id, frame: input.frame, ref: 0 })
      turn.timer(`due ${input.id}`, config.requestTimeoutMs)
      start(state, turn)
      break
    case 'abort': {
      const entry = outbox.entries.get(input.id)
      const error = new RealtimeError('ABORTED')
      if (entry) settle(outbox, entry, turn, error)
      else finish(requests, input.id, turn, error)
    }
  }
}

function start(state: SessionState, turn: Turn): void {
  if (state.status !== 'idle') return
  state.status = 'connecting'
  go(state, turn)
}

/** What a closed client answers. */
function refuse(state: SessionState, input: SessionInput, turn: Turn): void {
  const error = state.error ?? new RealtimeError('CLOSED')
  if (input.type === 'publish' || input.type === 'history') turn.say('settle', input.id, error)
  if (input.type === 'subscribe') ended(input.channel, turn, error)
}
