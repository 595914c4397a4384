import type { Position, Since } from '@org/realtime-protocol'
import { encoded } from './encoded-frame.js'
import { isPosition } from './lineage.js'
import type { LogChannel } from './log-channel.js'
import { gapFrame, type Page } from './page.js'
import type { Subscription } from './subscription.js'

/** Answers a new subscription to a log with where it starts, and fills it. Never rejects. */
export async function begin(channel: LogChannel, subscription: Subscription, since: Since | undefined): Promise<void> {
  const { generation, link } = subscription
  const known = continues(channel, since)
  if (known) {
    const head = channel.position.offset
    link.send(encoded({ type: 'subscribed', channel: channel.wireName, generation, position: known, head }))
    subscription.position = known
    return fill(channel, subscription)
  }
  // The first reading is a filling as well: a link that drains meanwhile must not begin another one beside it.
  subscription.filling = 'yes'
  const page = await channel.firstPage(since).catch(() => undefined)
  // Without a page, the channel was closed, and the link with it.
  if (!page || subscription.ended) return
  const { position, head, gap, rebase } = page.recovery
  link.send(
    encoded({
      type: 'subscribed',
      channel: channel.wireName,
      generation,
      position,
      head: head.offset,
      ...(gap ? { gap } : {}),
      ...(rebase ? { rebase } : {}),
    }),
  )
  subscription.filling = 'no'
  if (follow(channel, subscription, page) === 'go on') fill(channel, subscription)
}

/**
 * Where to start, if this node can tell without reading the log: now, or at a position from which the ring holds all
 * that follows. It only ever answers that nothing is missing; anything else is for the log to judge.
 */
function continues(channel: LogChannel, since: Since | undefined): Position | undefined {
  if (!channel.isLive) return undefined
  if (since === undefined) return channel.position
  if (!isPosition(since) || since.epoch !== channel.position.epoch) return undefined
  const { offset } = channel.position
  return since.offset === offset || (since.offset < offset && channel.ring.covers(since.offset)) ? since : undefined
}

/**
 * Brings a subscription from its own position to the live channel: from the ring where it reaches back far enough,
 * else by pages from the log, each only as far as the link can take it. A link that is full stops the filling; it is
 * started again when the link has drained, and from the same place. Never rejects.
 */
export function fill(channel: LogChannel, subscription: Subscription): void {
  if (subscription.filling === 'no') void run(channel, subscription)
  else subscription.filling = 'again'
}

async function run(channel: LogChannel, subscription: Subscription): Promise<void> {
  do {
    subscription.filling = 'yes'
    while (step(channel, subscription) === 'read') {
      const page = await channel.page(subscription.position).catch(() => undefined)
      // Without a page, the channel was closed: nobody is left to fill.
      if (!page || subscription.ended) return
      tell(channel, subscription, page)
      if (follow(channel, subscription, page) === 'rest') break
    }
  } while (wasAskedAgain(subscription))
  subscription.filling = 'no'
}

/** Goes as far as possible without reading the log. */
function step(channel: LogChannel, subscription: Subscription): 'read' | 'rest' {
  const { link } = subscription
  for (;;) {
    if (subscription.ended || subscription.live) return 'rest'
    if (link.congested) return rest(subscription)
    const { epoch, offset } = subscription.position
    if (epoch !== channel.position.epoch) return 'read'
    if (offset >= channel.position.offset) {
      if (!channel.isLive) channel.audience.wait(subscription)
      else if (offset === channel.position.offset) channel.audience.goLive(subscription)
      // Ahead of a node that has yet to hear what the log holds, or of a log that has lost its end: the log knows.
      else return 'read'
      return 'rest'
    }
    const frame = channel.ring.after(epoch, offset)
    if (!frame) return 'read'
    link.offer(frame)
    subscription.position = { epoch, offset: offset + 1 }
  }
}

/** Sends the publications of a reading, as far as the link can take them; says whether to go on now. */
function follow(channel: LogChannel, subscription: Subscription, page: Page): 'go on' | 'rest' {
  const { link } = subscription
  const { head, position } = page.recovery
  subscription.position = position
  for (let i = 0; ; i++) {
    const frame = page.frame(i)
    if (!frame) break
    if (!link.offer(frame)) return rest(subscription)
    subscription.position = { epoch: head.epoch, offset: subscription.position.offset + 1 }
  }
  const atHead = subscription.position.epoch === head.epoch && subscription.position.offset === head.offset
  const sameEpoch = head.epoch === channel.position.epoch
  if (!atHead || (sameEpoch && head.offset <= channel.position.offset)) return 'go on'
  // This reading knows a history that the channel has not verified yet, or messages that are on their way to it.
  if (!sameEpoch) channel.foresee(head)
  channel.audience.wait(subscription)
  return 'rest'
}

/** Stops until the link has drained; what is trimmed meanwhile is lost because this subscriber was slow. */
function rest(subscription: Subscription): 'rest' {
  subscription.slow = true
  return 'rest'
}

function tell(channel: LogChannel, subscription: Subscription, { recovery }: Page): void {
  const { gap, position, rebase } = recovery
  const { link } = subscription
  if (gap) {
    const reason = gap.reason === 'trimmed' && subscription.slow ? 'slow' : gap.reason
    link.send(gapFrame(channel.wireName, { ...gap, reason }, position, rebase))
  } else if (rebase) {
    link.send(encoded({ type: 'rebase', channel: channel.wireName, ...rebase }))
  }
}

function wasAskedAgain(subscription: Subscription): boolean {
  return subscription.filling === 'again'
}
