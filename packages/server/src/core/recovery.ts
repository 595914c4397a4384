import { encoded } from './encoded-frame.js'
import { gapFrame, type Page } from './page.js'
import type { Subscription } from './subscription.js'

/**
 * Brings a subscription from its own position to the live channel: from the ring where it reaches back far enough,
 * else by pages from the log, each only as far as the link can take it. A link that is full stops the filling; it is
 * started again when the link has drained, and from the same place. Never rejects.
 */
export function fill(subscription: Subscription): void {
  if (subscription.filling === 'no') void run(subscription)
  else subscription.filling = 'again'
}

async function run(subscription: Subscription): Promise<void> {
  do {
    subscription.filling = 'yes'
    while (step(subscription) === 'read') {
      const page = await subscription.channel.read(subscription.position).catch(() => undefined)
      // Without a page, the channel was closed: nobody is left to fill.
      if (!page || subscription.ended) return
      tell(subscription, page)
      if (follow(subscription, page) === 'rest') break
    }
  } while (wasAskedAgain(subscription))
  subscription.filling = 'no'
}

/** Goes as far as possible without reading the log. */
function step(subscription: Subscription): 'read' | 'rest' {
  const { channel, link } = subscription
  for (;;) {
    if (subscription.ended || subscription.live) return 'rest'
    if (link.congested) return rest(subscription)
    const { epoch, offset } = subscription.position
    if (epoch !== channel.position.epoch) return 'read'
    if (offset >= channel.position.offset) {
      if (!channel.isLive) channel.wait(subscription)
      else if (offset === channel.position.offset) channel.goLive(subscription)
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
export function follow(subscription: Subscription, page: Page): 'go on' | 'rest' {
  const { channel, link } = subscription
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
  if (!sameEpoch) channel.suspect()
  channel.wait(subscription)
  return 'rest'
}

/** Stops until the link has drained; what is trimmed meanwhile is lost because this subscriber was slow. */
function rest(subscription: Subscription): 'rest' {
  subscription.slow = true
  return 'rest'
}

function tell(subscription: Subscription, { recovery }: Page): void {
  const { gap, position, rebase } = recovery
  const { channel, link } = subscription
  if (gap) {
    const reason = gap.reason === 'trimmed' && subscription.slow ? 'slow' : gap.reason
    link.send(gapFrame(channel.name, { ...gap, reason }, position, rebase))
  } else if (rebase) {
    link.send(encoded({ type: 'rebase', channel: channel.name, ...rebase }))
  }
}

function wasAskedAgain(subscription: Subscription): boolean {
  return subscription.filling === 'again'
}
