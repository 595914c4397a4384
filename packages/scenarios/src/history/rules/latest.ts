import type { ResolvedOptions } from '../options.js'
import { type Position, samePosition, showPosition } from '../position.js'
import { isStep, type Stream } from '../stream.js'
import type { Channel, Timeline } from '../timeline.js'
import { type Violation, violation } from '../violation.js'

/**
 * Rule 12: in a `latest` channel everything delivered was published there and did not fail, a position names one id for
 * everybody, values never get older, nobody is told of a gap or a rebase, every publish settles once, and at the end every
 * open subscription has the newest value.
 *
 * A value that a fault has undone may be followed by an older one: only another history can bring it. Within one history
 * offsets rise, and as long as nothing was lost there is but one.
 */
export function* latest({ latest: channels, faults, end }: Timeline, options: ResolvedOptions): Iterable<Violation> {
  const firstLossy = faults.find(({ event }) => options.lossyFaults.has(event.kind))?.index ?? Infinity
  for (const channel of channels) {
    yield* sources(channel)
    yield* oneIdPerPosition(channel)
    yield* settled(channel, end?.event.at)
    for (const stream of channel.streams) {
      yield* newer(channel, stream, firstLossy)
      yield* newest(channel, stream, end?.event.at)
    }
    for (const stray of channel.strays) {
      const { subscriber, type } = stray.event
      yield violation(12, { subscriber, channel: channel.name }, `${type} outside a subscription`, [stray])
    }
  }
}

function* sources({ name: channel, deliveries, publishes }: Channel): Iterable<Violation> {
  for (const delivery of deliveries) {
    const { id, subscriber } = delivery.event
    const publish = publishes.get(id)
    const invoke = publish?.invokes[0]
    if (!invoke || invoke.index > delivery.index) {
      yield violation(12, { subscriber, channel }, `"${id}" was delivered, and not published here before`, [delivery])
    } else if (publish.fail) {
      yield violation(12, { subscriber, channel }, `"${id}" failed and was delivered`, [publish.fail, delivery])
    }
  }
}

function* oneIdPerPosition({ name: channel, acks, deliveries }: Channel): Iterable<Violation> {
  const names = new Map<string, string>()
  for (const said of [...acks, ...deliveries]) {
    const { id, position } = said.event
    const place = showPosition(position)
    const known = names.get(place)
    if (known !== undefined && known !== id) {
      yield violation(12, { channel }, `${place} is "${id}" for ${said.event.type} and "${known}" for others`, [said])
    }
    names.set(place, id)
  }
}

function* settled({ name: channel, publishes }: Channel, at: number | undefined): Iterable<Violation> {
  for (const { id, invokes, settles } of publishes.values()) {
    if (settles.length === 1) continue
    yield violation(12, { channel }, `"${id}" settled ${settles.length} times`, settles.length ? settles : invokes, at)
  }
}

function* newer(channel: Channel, stream: Stream, firstLossy: number): Iterable<Violation> {
  const where = { subscriber: stream.subscriber, channel: channel.name }
  let last: Position | undefined
  for (const step of stream.steps) {
    if (isStep(step, 'sub.restart')) last = step.after
    else if (!isStep(step, 'deliver')) yield violation(12, where, `was told a ${step.event.type}`, [step])
    else {
      const { id, position } = step.event
      const oneHistory = position.epoch === last?.epoch || step.index < firstLossy
      if (last && oneHistory && position.offset <= last.offset) {
        const message = `"${id}" at ${showPosition(position)} came after ${showPosition(last)}, which is not older`
        yield violation(12, where, message, [step])
      }
      last = position
    }
  }
}

function* newest({ name: channel, log }: Channel, stream: Stream, at: number | undefined): Iterable<Violation> {
  if (stream.closed || samePosition(stream.position, log.head)) return
  const { subscriber, position, opened, steps } = stream
  const message = `has the value at ${showPosition(position)} at the end, while the newest is at ${showPosition(log.head)}`
  yield violation(12, { subscriber, channel }, message, [steps.at(-1) ?? opened], at)
}
