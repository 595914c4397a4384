import type { Timeline } from '../timeline.js'
import { sample, type Violation, violation } from '../violation.js'

/** Rule 1: every id that is delivered, settled or stored was published before, on that channel, by one call. */
export function* phantoms({ channels }: Timeline): Iterable<Violation> {
  for (const { name: channel, publishes, deliveries, log, dump } of channels) {
    for (const delivery of deliveries) {
      const { id, subscriber } = delivery.event
      const invoke = publishes.get(id)?.invokes[0]
      if (!invoke) {
        yield violation(1, { subscriber, channel }, `"${id}" was delivered, but nobody published it here`, [delivery])
      } else if (invoke.index > delivery.index) {
        yield violation(1, { subscriber, channel }, `"${id}" was delivered before it was published`, [invoke, delivery])
      }
    }
    for (const { id, invokes, settles } of publishes.values()) {
      const settle = settles[0]
      if (settle && !(invokes[0] && invokes[0].index < settle.index)) {
        yield violation(1, { channel }, `"${id}" settled before it was published`, [invokes[0], settle])
      }
      if (invokes.length > 1) {
        yield violation(1, { channel }, `"${id}" was published ${invokes.length} times: an id names one call`, invokes)
      }
    }
    const unknown = log.entries.filter(({ id }) => !publishes.get(id)?.invokes.length).map(({ id }) => id)
    if (unknown.length) {
      yield violation(1, { channel }, `the log holds what nobody published: ${sample(unknown)}`, [], dump?.event.at)
    }
  }
}
