import type {
  GapFrame,
  Position,
  PublicationFrame,
  RebaseFrame,
  Since,
  SubscribedFrame,
  SubscribeRequest,
  UnsubscribedFrame,
} from '@org/realtime-protocol'
import { join, receive, rename, renamed, type Stream } from './delivery.js'
import { wireError, type RealtimeError } from './errors.js'
import type { ChannelState } from './events.js'
import type { Turn } from './turn.js'

/** A subscription somebody wants. One that ended is forgotten, and its position with it. */
export interface Subscription extends Stream {
  /** Where it starts; once it has a position, it goes on from there. */
  readonly since: Since | undefined
  phase: 'subscribing' | 'subscribed'
  /** Number of the latest request. Answers with another one are late news. */
  generation: number
  /** Link the latest request went to; 0 while it waits for one, or for its back-off. */
  link: number
  /** The latest request has not been answered. */
  asked: boolean
  /** The last position when it was made. */
  askedFrom?: Position | undefined
  /** Requests since the last message or link. */
  attempt: number
}

/** What a subscription hears. `ask`: there is a link for it. `down`: the link is gone. */
export type SubscriptionInput =
  | SubscribedFrame
  | UnsubscribedFrame
  | PublicationFrame
  | GapFrame
  | RebaseFrame
  | { readonly type: 'ask' | 'down' }

/** Begins a subscription. */
export function newSubscription(channel: string, since: Since | undefined, turn: Turn): Subscription {
  const last = typeof since === 'object' && 'epoch' in since ? since : undefined
  tell(channel, { status: 'subscribing' }, turn)
  return { channel, since, last, head: 0, phase: 'subscribing', generation: 0, link: 0, asked: false, attempt: 0 }
}

/** Makes the next request of a subscription, for a link. */
export function request(subscription: Subscription, link: number, turn: Turn): SubscribeRequest {
  const { channel, last, since } = subscription
  const from = last ?? since
  subscription.link = link
  subscription.asked = true
  subscription.askedFrom = last
  return { channel, generation: (subscription.generation = turn.next()), ...(from !== undefined && { since: from }) }
}

/**
 * Takes what one link says about a channel. Any number of links may feed it. Updates the subscription in place.
 *
 * @param link The link it came from: a recovery asks there.
 * @returns Whether the subscription ended.
 */
export function stepSubscription(sub: Subscription, input: SubscriptionInput, link: number, turn: Turn): boolean {
  const { channel, last } = sub
  if ('generation' in input) {
    if (input.generation !== sub.generation) return false
    sub.asked = false
  } else if (sub.asked && link === sub.link) {
    // These frames carry no generation. Until the answer, they belong to the subscription that is being replaced.
    if (input.type !== 'ask' && input.type !== 'down') return false
  }
  switch (input.type) {
    case 'ask':
      turn.act('send', link, { type: 'subscribe', ...request(sub, link, turn) })
      break
    case 'subscribed': {
      const { position, head, gap, rebase } = input
      // The other link moved us meanwhile, to where this answer does not reach.
      if (last && last !== sub.askedFrom && renamed(last, rebase).epoch !== position.epoch) {
        recover(sub, link, turn)
        break
      }
      sub.head = head
      const missing = join(sub, position, gap, rebase, turn)
      if (sub.phase === 'subscribing') {
        sub.phase = 'subscribed'
        const recovered = Math.max(0, head - position.offset)
        tell(channel, { status: 'subscribed', recovered, resumed: !!last && !missing }, turn)
      }
      break
    }
    case 'unsubscribed': {
      const error = wireError(input)
      if (!error.retryable) {
        ended(channel, turn, error)
        return true
      }
      suspend(sub, turn)
      wait(sub, turn, error.retryAfterMs)
      break
    }
    case 'publication':
      if (receive(sub, input, turn)) recover(sub, link, turn)
      else if (sub.last !== last) sub.attempt = 0
      break
    case 'gap':
      if (!last) break
      // A gap that begins beyond the next message leaves a hole before it.
      // So does one between epochs of which neither is ours: its link lags behind the other one.
      if (input.from > last.offset + 1 || ![input.position.epoch, input.rebase?.from].includes(last.epoch)) {
        recover(sub, link, turn)
      } else join(sub, input.position, input, input.rebase, turn)
      break
    case 'rebase':
      if (rename(sub, input, turn)) recover(sub, link, turn)
      break
    case 'down':
      suspend(sub, turn)
      sub.attempt = 0
  }
  return false
}

/** Tells that a subscription is over. */
export function ended(channel: string, turn: Turn, error?: RealtimeError): void {
  turn.timer(`sub ${channel}`)
  turn.timer(`linger ${channel}`)
  turn.say('position', channel, undefined)
  tell(channel, { status: 'unsubscribed', error }, turn)
}

/** Asks again from the last position: at once the first time, so that a hole costs one round trip. */
function recover(sub: Subscription, link: number, turn: Turn): void {
  if (sub.asked || !sub.link) return
  if (sub.attempt) wait(sub, turn)
  else {
    sub.attempt++
    stepSubscription(sub, { type: 'ask' }, link, turn)
  }
}

function wait(sub: Subscription, turn: Turn, floorMs?: number): void {
  sub.link = 0
  turn.timer(`sub ${sub.channel}`, turn.delay(sub.attempt++, floorMs))
}

function suspend(sub: Subscription, turn: Turn): void {
  sub.link = 0
  sub.asked = false
  if (sub.phase === 'subscribed') tell(sub.channel, { status: (sub.phase = 'subscribing') }, turn)
}

function tell(channel: string, state: ChannelState, turn: Turn): void {
  turn.say('emit', 'state', state, channel)
}
