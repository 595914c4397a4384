import type { Deliver, GapReason, PubOk, Recorded } from '../events.js'
import type { FinalLog } from '../final-log.js'
import { type Position, showPosition } from '../position.js'
import { isStep, type Stream } from '../stream.js'
import type { Channel, Timeline } from '../timeline.js'
import { type Violation, violation } from '../violation.js'

/** Rule 7: a position names one id for every subscriber, publisher and the final log, and all deliver in one order. */
export function* agreement({ channels }: Timeline): Iterable<Violation> {
  for (const channel of channels) {
    const names = new Names(channel.log)
    yield* oneIdPerPosition(channel, names)
    yield* movedAcks(channel)
    yield* joinedEpochs(channel, names)
    for (const stream of channel.streams) yield* oneOrder(stream, channel.log)
  }
}

interface Name {
  readonly id: string
  /** Who said so; the final log if nobody. */
  readonly by: Recorded | undefined
}

/** What each position was first said to hold. Equal positions of different epochs are one (FinalLog.line). */
class Names {
  private readonly lines = new Map<string, Map<number, Name>>()

  constructor(private readonly log: FinalLog) {}

  /** @returns the name that was there before. */
  give(position: Position, name: Name): Name | undefined {
    const line = this.log.line(position)
    let names = this.lines.get(line)
    if (!names) this.lines.set(line, (names = new Map<number, Name>()))
    const known = names.get(position.offset)
    if (!known) names.set(position.offset, name)
    return known
  }

  at(position: Position): Name | undefined {
    return this.lines.get(this.log.line(position))?.get(position.offset)
  }
}

function* oneIdPerPosition(channel: Channel, names: Names): Iterable<Violation> {
  const { log } = channel
  for (const { offset, id } of log.entries) names.give({ epoch: log.epoch, offset }, { id, by: undefined })
  const reported = new Set<Name>()
  for (const said of statements(channel)) {
    const { id, position } = said.event
    const known = names.give(position, { id, by: said })
    if (!known || known.id === id || reported.has(known)) continue
    reported.add(known)
    const other = known.by ? known.by.event.type : 'the final log'
    const message = `${showPosition(position)} is "${id}" for ${said.event.type} and "${known.id}" for ${other}`
    yield violation(7, placeOf(said.event), message, [known.by, said])
  }
}

/** Who says what is where: publishers by their acknowledgements, subscribers by their deliveries. */
function statements({ acks, deliveries }: Channel): readonly Recorded<PubOk | Deliver>[] {
  return [...acks, ...deliveries]
}

function placeOf(event: PubOk | Deliver): { readonly channel: string; readonly subscriber?: string } {
  const { channel } = event
  return event.type === 'deliver' ? { channel, subscriber: event.subscriber } : { channel }
}

/** An acknowledgement that names a place of the final log's history means the place where the log has the message. */
function* movedAcks({ name: channel, acks, log }: Channel): Iterable<Violation> {
  for (const ack of acks) {
    const { id, position } = ack.event
    const place = log.offsetOf(id)
    if (place === undefined || place === position.offset) continue
    if (!log.keeps(position) && position.epoch !== log.epoch) continue
    const message = `"${id}" was acknowledged at ${showPosition(position)}, and the log has it at ${place}`
    yield violation(7, { channel }, message, [ack])
  }
}

/** A rebase says that two epochs are one up to its end: then they agree there, also if both were lost later. */
function* joinedEpochs(channel: Channel, names: Names): Iterable<Violation> {
  const { log, streams } = channel
  const claims = new Map<string, Map<string, number>>()
  for (const stream of streams) {
    for (const step of stream.steps) {
      if (!isStep(step, 'rebase')) continue
      const { from, to, end } = step.event
      const ends = claims.get(from) ?? new Map<string, number>()
      claims.set(from, ends.set(to, Math.max(end, ends.get(to) ?? 0)))
    }
  }
  const reported = new Set<Name>()
  for (const said of statements(channel)) {
    const { id, position } = said.event
    for (const [to, end] of claims.get(position.epoch) ?? []) {
      const other = { epoch: to, offset: position.offset }
      if (position.offset > end || log.line(position) === log.line(other)) continue
      const known = names.at(other)
      if (!known || known.id === id || reported.has(known)) continue
      reported.add(known)
      const message = `a rebase says ${showPosition(position)} and ${showPosition(other)} are one, but they hold "${id}" and "${known.id}"`
      yield violation(7, placeOf(said.event), message, [known.by, said])
    }
  }
}

/** The one order is that of positions; only a gap that takes something back, or a restart, may go back in it. */
function* oneOrder(stream: Stream, log: FinalLog): Iterable<Violation> {
  const { subscriber, channel } = stream
  let highest: Recorded<Deliver> | undefined
  for (const step of stream.steps) {
    if (isStep(step, 'sub.restart') || (isStep(step, 'gap') && !skips(step.event.reason))) highest = undefined
    if (!isStep(step, 'deliver')) continue
    const { id, position } = step.event
    const before = highest?.event.position
    if (before && sameHistory(before, position, log) && before.offset > position.offset) {
      const message = `"${id}" at ${showPosition(position)} came after ${showPosition(before)}: others see it before`
      yield violation(7, { subscriber, channel }, message, [highest, step])
    } else {
      highest = step
    }
  }
}

function sameHistory(a: Position, b: Position, log: FinalLog): boolean {
  return a.epoch === b.epoch || log.line(a) === log.line(b)
}

function skips(reason: GapReason): boolean {
  return reason === 'trimmed' || reason === 'slow'
}
