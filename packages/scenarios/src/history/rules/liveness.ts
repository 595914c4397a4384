import { showPosition } from '../position.js'
import type { Timeline } from '../timeline.js'
import { type Violation, violation } from '../violation.js'

/** Rule 9: at the end every subscription that is open stands at the head of the log, and every publish settled once, but for one that was repeated with its key. */
export function* liveness({ channels, end, last }: Timeline): Iterable<Violation> {
  if (!end) yield violation(9, {}, 'the history breaks off without an end', [last])
  const at = end?.event.at ?? last?.event.at
  for (const { name: channel, publishes, streams, log } of channels) {
    for (const { id, publisher, invokes, settles } of publishes.values()) {
      if (!settles.length) {
        yield violation(9, { channel }, `"${id}" of ${publisher} never settled`, invokes, at)
      } else if (settles.length > 1 && !invokes[0]?.event.isKeyed) {
        yield violation(9, { channel }, `"${id}" of ${publisher} settled ${settles.length} times`, settles)
      } else if (end && settles.some(({ index }) => index > end.index)) {
        yield violation(9, { channel }, `"${id}" of ${publisher} settled after the end`, settles)
      }
    }
    for (const { subscriber, opened, steps, position, closed } of streams) {
      if (closed || (log.keeps(position) && position.offset === log.head.offset)) continue
      const message = `stands at ${showPosition(position)} at the end, while the head is ${showPosition(log.head)}`
      yield violation(9, { subscriber, channel }, message, [steps.at(-1) ?? opened], at)
    }
  }
}
