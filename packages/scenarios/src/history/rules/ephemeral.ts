import { isNull, showPosition } from '../position.js'
import type { Channel, Timeline } from '../timeline.js'
import { type Violation, violation } from '../violation.js'

/**
 * Rule 13: in an `ephemeral` channel everything delivered was published there before, comes to each subscriber at most
 * once in all its lives, and has no position. There is no gap to tell, and no log.
 */
export function* ephemeral({ ephemeral: channels }: Timeline): Iterable<Violation> {
  for (const channel of channels) {
    yield* deliveries(channel)
    for (const stream of channel.streams) {
      for (const step of stream.steps) {
        const { type } = step.event
        if (type !== 'gap' && type !== 'rebase') continue
        yield violation(13, { subscriber: stream.subscriber, channel: channel.name }, `was told a ${type}`, [step])
      }
    }
    for (const stray of channel.strays) {
      const { subscriber, type } = stray.event
      yield violation(13, { subscriber, channel: channel.name }, `${type} outside a subscription`, [stray])
    }
    if (isNull(channel.log.head)) continue
    yield violation(13, { channel: channel.name }, 'has a log', [channel.dump])
  }
}

function* deliveries({ name: channel, deliveries, publishes }: Channel): Iterable<Violation> {
  const seen = new Set<string>()
  for (const delivery of deliveries) {
    const { id, subscriber, position } = delivery.event
    const where = { subscriber, channel }
    const publish = publishes.get(id)
    const invoke = publish?.invokes[0]
    if (!invoke || invoke.index > delivery.index) {
      yield violation(13, where, `"${id}" was delivered, and not published here before`, [delivery])
    }
    if (publish?.fail) yield violation(13, where, `"${id}" failed and was delivered`, [publish.fail, delivery])
    if (!isNull(position)) yield violation(13, where, `"${id}" has the position ${showPosition(position)}`, [delivery])
    const key = JSON.stringify([subscriber, id])
    if (seen.has(key)) yield violation(13, where, `"${id}" came twice`, [delivery])
    seen.add(key)
  }
}
