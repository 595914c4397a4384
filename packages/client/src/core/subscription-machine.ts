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
import * as turn from './turn.js'

/** A subscription somebody wants. One that ended is forgotten, and its position with it. */
export interface Subscription extends Stream {
  /** Where it starts; once it has a position, it goes on from there. */
  readonly since: Since | undefined
  status: 'subscribing' | 'subscribed'
  /** Number of the latest request. Answers with another one are late news. */
  generation: number
  /** Link the latest request went to; 0 while it waits for one, or for its back-off. */
  link: number
  /** The latest request, while it is not answered, with the last position when it was made. */
  asked?: { readonly from: Position | undefined } | undefined
  /** Requests since the last message or link. */
  attempt: number
  /** Whether somebody here listens. */
  wanted?: boolean
  /** Whether the server made it: then it stays when nobody listens. */
  made?: boolean
}

/** What a link says about a channel. */
export type ChannelFrame = SubscribedFrame | UnsubscribedFrame | PublicationFrame | GapFrame | RebaseFrame

/** Begins a subscription. */
export function newSubscription(channel: string, since?: Since): Subscription {
  const last = typeof since === 'object' && 'epoch' in since ? since : undefined
  const status = 'subscribing'
  tell(channel, { status })
  return { channel, since, last, head: 0, status, generation: 0, link: 0, attempt: 0 }
}

/** Makes the next request of a subscription, for a link. */
export function request(subscription: Subscription, link: number): SubscribeRequest {
  const { channel, last } = subscription
  subscription.link = link
  subscription.asked = { from: last }
  subscription.generation = turn.next()
  return { channel, generation: subscription.generation, since: last ?? subscription.since } as SubscribeRequest
}

/** Asks a link for a subscription, from its last position. */
export function ask(subscription: Subscription, link: number): void {
  turn.act('send', link, { type: 'subscribe', ...request(subscription, link) })
}

/**
 * Takes what one link says about a channel. Any number of links may feed it. Updates the subscription in place.
 *
 * @param link The link it came from: a recovery asks there.
 * @returns Whether the subscription ended.
 */
export function stepSubscription(sub: Subscription, frame: ChannelFrame, link: number): boolean {
  const { last, asked } = sub
  const { type } = frame
  let hole: boolean | undefined
  if ('generation' in frame) {
    if (frame.generation !== sub.generation) return false
    sub.asked = undefined
  } else if (asked && link === sub.link) {
    // These frames carry no generation. Until the answer, they belong to the subscription that is being replaced.
    return false
  }
  if (type === 'subscribed') {
    const { position, head, gap, rebase, mode } = frame
    // The other link moved us meanwhile, to where this answer does not reach.
    hole = last && last !== asked?.from && renamed(last, rebase).epoch !== position.epoch
    if (!hole) {
      sub.head = head
      sub.mode = mode
      join(sub, position, gap, rebase)
      if (sub.status === 'subscribing') {
        sub.status = type
        const resumed = !!last && !gap && mode !== 'ephemeral'
        tell(sub.channel, { status: type, recovered: Math.max(0, head - position.offset), resumed })
      }
    }
  } else if (type === 'unsubscribed') {
    const error = wireError(frame)
    if (!error.retryable) {
      ended(sub, error)
      return true
    }
    suspend(sub)
    wait(sub, error.retryAfterMs)
  } else if (type === 'publication') {
    hole = receive(sub, frame)
    if (sub.last !== last) sub.attempt = 0
  } else if (type === 'rebase') hole = rename(sub, frame)
  else if (last) {
    const { position, rebase, from } = frame
    // A gap that begins beyond the next message leaves a hole before it.
    // So does one between epochs of which neither is ours: its link lags behind the other one.
    hole = from > last.offset + 1 || (last.epoch !== position.epoch && last.epoch !== rebase?.from)
    if (!hole) join(sub, position, frame, rebase)
  }
  // Asks again from the last position: at once the first time, so that a hole costs one round trip.
  if (hole && !sub.asked && sub.link) {
    if (sub.attempt) wait(sub)
    else {
      sub.attempt++
      ask(sub, link)
    }
  }
  return false
}

/** Tells that a subscription is over. */
export function ended(sub: Subscription, error?: RealtimeError): void {
  const { channel } = sub
  turn.cancel(sub)
  turn.cancel(`linger ${channel}`)
  turn.say('position', channel)
  tell(channel, { status: 'unsubscribed', error })
}

/** The subscription does not run any more, and must be asked for again. */
export function suspend(sub: Subscription): void {
  sub.link = 0
  sub.asked = undefined
  if (sub.status === 'subscribed') tell(sub.channel, { status: (sub.status = 'subscribing') })
}

/** Waits for the back-off. Whoever sends what waits finds no timer then, and asks. */
function wait(sub: Subscription, floorMs?: number): void {
  sub.link = 0
  turn.timer(sub, turn.delay(sub.attempt++, floorMs))
}

function tell(channel: string, state: ChannelState): void {
  turn.say('emit', 'state', state, channel)
}
