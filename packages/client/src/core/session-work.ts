import { RealtimeError } from './errors.js'
import { newLink, stepLink } from './link-machine.js'
import { abandon, pump } from './outbox.js'
import { ask, finish } from './requests.js'
import { hangup } from './session-link.js'
import type { SessionState } from './session-state.js'
import { ended, stepSubscription } from './subscription-machine.js'
import type { Turn } from './turn.js'

/** Takes the next step to a link, if there is one to take: a token, then the dial. */
export function go(state: SessionState, turn: Turn): void {
  const { config } = state
  if (state.link || state.asking || state.offline) return
  const reason = state.tokenReason ?? (config.asks && state.tokenExpiresAt <= turn.now ? 'expired' : undefined)
  if (reason) {
    state.asking = turn.next()
    turn.act('token', state.asking, reason)
    return
  }
  const link = newLink(turn, config.url, config.connectTimeoutMs)
  state.links.set(link.id, link)
  state.link = link
}

/** Shortens a wait because somebody asked or the network came back: to the shortest back-off, or what the server asked. */
export function hurry(state: SessionState, turn: Turn): void {
  if (state.status !== 'connecting' || state.link || state.asking || state.offline) return
  const at = Math.max(turn.now + state.config.reconnect.minMs, state.notBefore)
  if (state.retryAt === undefined || state.retryAt > at) {
    state.retryAt = at
    turn.timer('retry', at - turn.now)
  }
}

/** Sends what waits for the link. */
export function flush(state: SessionState, turn: Turn): void {
  const { connected, link, timers, outbox } = state
  if (state.status !== 'connected' || !link || !connected) return
  for (const sub of state.subscriptions.values()) {
    if (!sub.link && !timers.has(`sub ${sub.channel}`)) stepSubscription(sub, { type: 'ask' }, link.id, turn)
  }
  for (const request of state.requests.values()) if (!request.ref) ask(request, link.id, turn)
  if (!state.offline) pump(outbox, link.id, connected.limits, turn)
}

/** Does what a timer was set for. */
export function fire(state: SessionState, name: string, turn: Turn): void {
  const [kind = ''] = name.split(' ', 1)
  const key = name.slice(kind.length + 1)
  switch (kind) {
    case 'retry':
      state.retryAt = undefined
      go(state, turn)
      break
    case 'stable':
      state.attempt = 0
      break
    case 'link': {
      const link = state.links.get(+key)
      if (link && stepLink(link, { type: 'check' }, turn)) hangup(state, link, turn)
      break
    }
    case 'linger': {
      const sub = state.subscriptions.get(key)
      state.subscriptions.delete(key)
      if (sub && state.link && state.status === 'connected') {
        turn.act('send', state.link.id, { type: 'unsubscribe', channel: key, generation: sub.generation })
      }
      ended(key, turn)
      break
    }
    case 'out': {
      const line = state.outbox.lines.get(key)
      if (line) line.blocked = false
      break
    }
    case 'due': {
      const entry = state.outbox.entries.get(key)
      const error = new RealtimeError(entry ? 'EXPIRED' : 'TIMEOUT', undefined, { retryable: true })
      if (entry) abandon(state.outbox, entry, turn, error)
      else finish(state.requests, key, turn, error)
    }
  }
}
