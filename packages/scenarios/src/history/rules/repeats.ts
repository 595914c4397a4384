import { showPosition } from '../position.js'
import type { Timeline } from '../timeline.js'
import { type Violation, violation } from '../violation.js'

/** Rule 4: no id is delivered twice in a subscription, unless a gap told in between that its first position is gone. */
export function* repeats({ channels }: Timeline): Iterable<Violation> {
  for (const channel of channels) {
    for (const stream of channel.streams) {
      const { subscriber } = stream
      for (const { first, again } of stream.repeats) {
        const { id, position } = again.event
        const message = `"${id}" came again at ${showPosition(position)} after ${showPosition(first.event.position)}`
        yield violation(4, { subscriber, channel: channel.name }, message, [first, again])
      }
    }
  }
}
