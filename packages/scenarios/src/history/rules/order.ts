import type { GapTold, SubscriberEvent } from '../events.js'
import type { FinalLog } from '../final-log.js'
import { type Position, samePosition, showPosition } from '../position.js'
import type { Step, Stream } from '../stream.js'
import type { Channel, Timeline } from '../timeline.js'
import { type Violation, violation } from '../violation.js'

/** Rule 3: between gaps and rebases, positions rise by exactly one in one epoch; each gap and rebase joins without a seam. */
export function* order({ channels }: Timeline): Iterable<Violation> {
  for (const channel of channels) {
    yield* logOrder(channel)
    for (const stray of channel.strays) {
      const { subscriber } = stray.event
      yield violation(3, { subscriber, channel: channel.name }, strayMessage(stray.event), [stray])
    }
    for (const stream of channel.streams) yield* streamOrder(stream, channel.log)
  }
}

function* logOrder({ name: channel, log, dump }: Channel): Iterable<Violation> {
  if (!dump) return
  for (const [i, { offset }] of log.entries.entries()) {
    if (offset !== log.first + i) {
      yield violation(3, { channel }, `the log holds ${offset} where ${log.first + i} belongs`, [], dump.event.at)
      return
    }
  }
  const last = log.entries.at(-1)
  if (last && last.offset !== log.head.offset) {
    const message = `the log ends at ${last.offset}, but its head is ${showPosition(log.head)}`
    yield violation(3, { channel }, message, [], dump.event.at)
  }
}

function strayMessage(event: SubscriberEvent): string {
  return event.type === 'sub.ok'
    ? 'a subscription began anew without having ended: what lies between is skipped in silence'
    : `${event.type} outside a subscription`
}

function* streamOrder(stream: Stream, log: FinalLog): Iterable<Violation> {
  const { subscriber, channel, start, opened } = stream
  const answer = opened.event.position
  if (start.offset === answer.offset && !mayGoOn(start, answer, log)) {
    const message = `asked for ${showPosition(start)} and began at ${showPosition(answer)}, which does not continue it`
    yield violation(3, { subscriber, channel }, message, [opened])
  }
  let previous: Step | undefined
  for (const step of stream.steps) {
    const wrong = stream.strayRestarts.has(step)
      ? `restarted from ${showPosition(step.after)}, where this subscription never stood`
      : breach(step, log)
    if (wrong) yield violation(3, { subscriber, channel }, wrong, [previous ?? opened, step])
    previous = step
  }
}

function breach({ event, before, after }: Step, log: FinalLog): string | undefined {
  switch (event.type) {
    case 'deliver':
      if (follows(before, event.position)) return undefined
      return `"${event.id}" came at ${showPosition(event.position)} after ${showPosition(before)}`
    case 'gap':
      return gapBreach(event, before, log)
    case 'rebase':
      if (event.from !== before.epoch) return `rebase from epoch "${event.from}" at ${showPosition(before)}`
      if (before.offset > event.end) return `rebase with end ${event.end} at ${showPosition(before)}`
      if (!mayGoOn(before, after, log))
        return `rebase to ${showPosition(after)}, which does not continue ${showPosition(before)}`
      return undefined
    case 'sub.restart':
      return undefined
  }
}

/** From the null position offset 1 of any epoch is next. */
function follows(last: Position, next: Position): boolean {
  if (next.epoch === '') return false
  if (last.epoch === '') return next.offset === 1
  return samePosition(next, { epoch: last.epoch, offset: last.offset + 1 })
}

function gapBreach({ reason, from, to, position }: GapTold, before: Position, log: FinalLog): string | undefined {
  const told = `gap ${reason} ${from}..${to} to ${showPosition(position)}, told at ${showPosition(before)},`
  switch (reason) {
    case 'trimmed':
    case 'slow':
      if (from !== before.offset + 1) return `${told} does not begin after the last message`
      if (to !== position.offset || to < from) return `${told} does not end at the new position`
      if (position.epoch === '') return `${told} ends nowhere`
      // A recovery may find that the lineage continues and that what follows was trimmed, in one answer.
      if (!mayGoOn(before, position, log)) return `${told} goes on in an epoch that does not continue this position`
      return undefined
    case 'rollback':
      if (to !== before.offset) return `${told} does not end at the last message`
      if (from !== position.offset + 1 || to < from) return `${told} does not begin after the new position`
      return undefined
    case 'epoch':
    case 'unknown':
      if (from !== before.offset) return `${told} does not begin at the last message`
      if (to !== position.offset && to !== position.offset + 1) return `${told} does not end at the new position`
      if (reason === 'epoch' && position.epoch === before.epoch) return `${told} stays in its epoch`
      return undefined
  }
}

/**
 * Whether one history may go on in the epoch of `after`. If the final log continues that epoch, its lineage says so; of
 * epochs that did not live to the end nothing says which continued which, and they pass.
 */
function mayGoOn(before: Position, after: Position, log: FinalLog): boolean {
  return before.epoch === after.epoch || log.keeps(before) || !log.continues(after.epoch)
}
