import type { Channel, Timeline } from '../timeline.js'
import { type Violation, violation } from '../violation.js'

/** Rule 2: a failed publish is never delivered and not in the final log; any other has at most one place in a log. */
export function* outcomes({ channels }: Timeline): Iterable<Violation> {
  for (const channel of channels) {
    yield* failures(channel)
    yield* doubles(channel)
  }
}

function* failures({ name: channel, publishes, deliveries, log, dump }: Channel): Iterable<Violation> {
  for (const delivery of deliveries) {
    const { id, subscriber } = delivery.event
    const fail = publishes.get(id)?.fail
    if (fail) yield violation(2, { subscriber, channel }, `"${id}" failed and was delivered`, [fail, delivery])
  }
  for (const { offset, id } of log.entries) {
    const fail = publishes.get(id)?.fail
    if (fail) yield violation(2, { channel }, `"${id}" failed and is in the log at ${offset}`, [fail], dump?.event.at)
  }
}

/**
 * Deliveries count beside the log, since the first of two places may have been trimmed. Two places in two lines of
 * history are no double: what a failover lost may be stored again by a retry.
 */
function* doubles({ name: channel, deliveries, log, dump }: Channel): Iterable<Violation> {
  const places = new Map<string, Map<string, number>>()
  const reported = new Set<string>()
  const isSecond = (id: string, line: string, offset: number) => {
    let offsets = places.get(id)
    if (!offsets) places.set(id, (offsets = new Map<string, number>()))
    const known = offsets.get(line)
    if (known === undefined) offsets.set(line, offset)
    if (known === undefined || known === offset || reported.has(id)) return false
    reported.add(id)
    return true
  }
  for (const { offset, id } of log.entries) {
    if (isSecond(id, log.epoch, offset)) {
      const message = `"${id}" is in the log twice, at ${log.offsetOf(id)} and ${offset}`
      yield violation(2, { channel }, message, [], dump?.event.at)
    }
  }
  for (const delivery of deliveries) {
    const { id, position, subscriber } = delivery.event
    const line = log.line(position)
    if (isSecond(id, line, position.offset)) {
      const message = `"${id}" has two places in one history, ${places.get(id)?.get(line)} and ${position.offset}`
      yield violation(2, { subscriber, channel }, message, [delivery])
    }
  }
}
