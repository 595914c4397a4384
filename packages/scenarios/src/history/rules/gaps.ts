import { branchesFor, whereabouts, type Branch, type Whereabouts } from '../branches.js'
import type { GapTold, Recorded } from '../events.js'
import type { ResolvedOptions } from '../options.js'
import { showPosition, type Position } from '../position.js'
import { isStep, type Step } from '../stream.js'
import type { Channel, Timeline } from '../timeline.js'
import { Trims } from '../trims.js'
import { sample, type Violation, violation } from '../violation.js'

/**
 * Rule 8: a gap is told only where something was lost. `epoch`, `unknown` and `rollback` need a lossy fault before them
 * and a position that the final log does not keep; `trimmed` and `slow` need messages that the final log has dropped, and
 * that it can have dropped by then where its bound is known, unless the options say that messages may be trimmed. The same for what publishers are told.
 *
 * A rollback leads into a history of the log, the final one or one that was given up, and names what that one does not have. Of two
 * masters that do not know of each other each says rightly that what the other one has is gone; but only to those who are with it.
 *
 * Of an epoch that did not live to the end nothing shows what was trimmed in it: there only the option helps.
 */
export function* gaps(timeline: Timeline, options: ResolvedOptions): Iterable<Violation> {
  const { channels, faults } = timeline
  const nodeOf = whereabouts(timeline.connUps)
  const firstLossy = faults.find(({ event }) => options.lossyFaults.has(event.kind))?.index ?? Infinity
  for (const channel of channels) {
    const trims = new Trims(channel)
    for (const stream of channel.streams) {
      const { subscriber } = stream
      for (const step of stream.steps) {
        if (!isStep(step, 'gap')) continue
        const branches = () => branchesFor(channel, nodeOf(subscriber, step.index))
        const wrong = falseGap(step, channel, trims, branches, step.index > firstLossy, options.mayTrim)
        if (wrong) yield violation(8, { subscriber, channel: channel.name }, wrong, [stream.opened, step])
      }
    }
    yield* falseRollbacks(channel, nodeOf)
  }
}

function falseGap(
  { event, before, index }: Step<GapTold>,
  { log, keeps }: Channel,
  trims: Trims,
  branches: () => readonly Branch[],
  afterLoss: boolean,
  mayTrim: boolean,
): string | undefined {
  const { reason, from, to, position } = event
  const told = `gap ${reason} ${from}..${to} told at ${showPosition(before)},`
  switch (reason) {
    case 'trimmed':
    case 'slow':
      if (mayTrim) return undefined
      if (!log.keeps(position) || to >= log.first)
        return `${told} but the log still holds messages from ${log.first} on`
      if (!trims.allow(to, index)) return `${told} but nobody had asked by then for the ${keeps} that are kept after it`
      return undefined
    case 'rollback':
      if (!afterLoss) return `${told} but no fault has lost anything yet`
      return falseRollback(branches(), event, before, told)
    case 'epoch':
    case 'unknown':
      if (!afterLoss) return `${told} but no fault has lost anything yet`
      if (log.keeps(before)) return `${told} but the log continues that position`
      return undefined
  }
}

function falseRollback(
  branches: readonly Branch[],
  { position, from }: GapTold,
  { epoch }: Position,
  told: string,
): string | undefined {
  const entered = branches.filter((branch) => branch.has(position))
  if (entered.length === 0) return `${told} but no history that it can have been led into has ${showPosition(position)}`
  if (!entered.some((branch) => branch.lacks({ epoch, offset: from }))) return `${told} but ${from} was not rolled back`
  return undefined
}

function* falseRollbacks(channel: Channel, nodeOf: Whereabouts): Iterable<Violation> {
  const { name, rollbacks, publishes } = channel
  for (const told of rollbacks) {
    const { publisher, ids } = told.event
    const unacknowledged = ids.filter((id) => !isAcknowledgedBefore(publishes.get(id)?.ok, publisher, told))
    if (unacknowledged.length) {
      const message = `${publisher} was told a rollback of what it had no acknowledgement for: ${sample(unacknowledged)}`
      yield violation(8, { channel: name }, message, [told])
    }
    const acks = ids.flatMap((id) => publishes.get(id)?.ok ?? [])
    // One history, which has none of them.
    const kept = branchesFor(channel, nodeOf(publisher, told.index)).map((branch) =>
      acks.filter(({ event: { id, position } }) => !branch.lacks(position, id)),
    )
    if (kept.some((acked) => acked.length === 0)) continue
    const [final = []] = kept
    const message = `${publisher} was told a rollback of what is still in the log: ${sample(final.map(({ event }) => event.id))}`
    yield violation(8, { channel: name }, message, [final[0], told])
  }
}

function isAcknowledgedBefore(ok: Recorded | undefined, publisher: string, told: Recorded): boolean {
  return ok?.event.type === 'pub.ok' && ok.event.publisher === publisher && ok.index < told.index
}
