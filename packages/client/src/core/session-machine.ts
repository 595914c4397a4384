import type { ConnectedFrame } from '@org/realtime-protocol'
import { RENEWAL_ATTEMPT } from './bounds.js'
import { RealtimeError } from './errors.js'
import type { ClientState } from './events.js'
import { admit, giveUp, pump } from './outbox.js'
import { attend, heed } from './presence.js'
import { down, finish, go, greet, hangup, hear, hurry, leave, probe, renew, retry } from './session-link.js'
import type { Link, SessionInput, SessionState } from './session-state.js'
import { ask, ended, newSubscription } from './subscription-machine.js'
import type { Effect } from './turn.js'
import * as turn from './turn.js'
import { upsert } from './upsert.js'

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
  const [deeds, news] = turn.begin(now, chance, state, state.config.reconnect)
  const late = state.status === 'closed'
  const before = said(state)
  const { link: id } = input as { readonly link?: number }
  const link = state.links.get(id as number)
  // What still comes with the number of a link that is gone is late news.
  if (link || id === undefined) (HANDLERS[input.type] as (...args: unknown[]) => void)(state, input, link)
  if (state.status === 'closed') clean(state, late)
  // A message changes nothing that waits to be sent, and messages are what there is most of.
  else if (!(input.type === 'frame' && input.frame.type === 'publication')) flush(state, input)
  const told: Effect[] = said(state) === before ? [] : [['emit', 'state', describe(state, now)]]
  return { state, effects: [...(late ? [] : deeds), ...told, ...news] }
}

/** What there is to tell of a session, to compare it. */
function said(state: SessionState): string {
  return Object.values(describe(state, 0)).join()
}

/** What the application may know of a session. */
export function describe(state: SessionState, now: number): ClientState {
  const { status, attempt, offline, degraded, error, closeCode, reason } = state
  const retryAt = offline ? undefined : state.retryAt
  const retryInMs = retryAt && Math.max(0, retryAt - now)
  return { status, attempt, offline, degraded, retryAt, retryInMs, error, closeCode, reason }
}

/** What each input does. One that names a link comes with it, and only while it is live. */
type Handlers = {
  readonly [I in SessionInput as I['type']]: (
    state: SessionState,
    input: I,
    link: I extends { readonly link: number } ? Link : undefined,
  ) => void
}

const HANDLERS: Handlers = {
  connect: hurry,
  close(state) {
    turn.send({ type: 'goodbye' })
    finish(state, state.error)
  },
  network(state, { online, event }) {
    state.offline = !online
    // Browsers end the links of pages they put to sleep, and tell neither side before somebody wakes them.
    if (event === 'sleep') for (const link of state.links.values()) hangup(state, link, 1000, 'asleep')
    else if (online) {
      probe(state)
      hurry(state)
    }
  },
  opened: greet,
  frame: hear,
  closed: down,
  timer({ timers }, { name }) {
    const fires = timers.get(name)
    // The shell forgets it as well.
    turn.cancel(name)
    fires?.()
  },
  token(state, { attempt, token, final }) {
    const renews = attempt === state.refreshing
    if (renews) state.refreshing = 0
    else if (attempt === state.link?.id && !state.links.has(attempt)) state.link = undefined
    else return
    if (typeof token === 'string') {
      state.token = token
      state.tokenReason = undefined
      state.tokenExpiresAt = Infinity
      if (renews) turn.send({ type: 'refresh', ref: turn.next(), token })
      else {
        state.tokenFresh = true
        go(state)
      }
    } else if (final) finish(state, new RealtimeError('UNAUTHORIZED'))
    else if (renews) turn.timer('refresh', turn.delay(RENEWAL_ATTEMPT), () => renew(state))
    else retry(state)
  },
  subscribe({ wishes }, { channel, since }) {
    // Nobody listens to one that lingers: whoever asks for the past begins anew.
    if (since && !wishes.get(channel)?.made && turn.waits(`linger ${channel}`)) wishes.delete(channel)
    turn.cancel(`linger ${channel}`)
    upsert(wishes, channel, () => newSubscription(channel, since)).wanted = true
  },
  unsubscribe(state, { channel }) {
    const sub = state.wishes.get(channel)
    if (!sub) return
    turn.timer(`linger ${channel}`, state.config.lingerMs, () => {
      sub.wanted = false
      if (!sub.made) leave(state, sub)
    })
  },
  publish: admit,
  history: admit,
  call: admit,
  presence: attend,
  watch: heed,
  abort(state, { id }) {
    const entry = state.requests.get(id)
    if (entry) giveUp(state, entry, new RealtimeError('ABORTED'))
  },
}

/** Dials when something is wanted for the first time; sends what waits for the link. */
function flush(state: SessionState, { type }: SessionInput): void {
  const { link, wishes } = state
  if (state.status === 'idle' && (type === 'connect' || wishes.size || state.requests.size)) {
    state.status = 'connecting'
    go(state)
  }
  if (!link?.open) return
  for (const sub of wishes.values()) {
    if (!sub.link && !turn.waits(sub)) ask(sub, link.id)
  }
  // A link is open when it is connected.
  pump(state, (state.connected as ConnectedFrame).limits, state.offline)
}

/** Leaves nothing behind. Everybody who waits is told, also who comes late. */
function clean(state: SessionState, late: boolean): void {
  const { links, wishes, error } = state
  const why = error ?? new RealtimeError('CLOSED')
  for (const id of links.keys()) {
    turn.act('hangup', id, 1000, '')
    turn.say('cancel', id)
  }
  links.clear()
  state.link = state.retryAt = undefined
  for (const sub of wishes.values()) ended(sub, late ? why : error)
  wishes.clear()
  for (const entry of state.requests.values()) giveUp(state, entry, why)
  for (const name of state.timers.keys()) turn.cancel(name)
}
