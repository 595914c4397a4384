import type { GapTold, Recorded } from '../events.js'
import type { ResolvedOptions } from '../options.js'
import { showPosition } from '../position.js'
import { isStep, type Step } from '../stream.js'
import type { Channel, Timeline } from '../timeline.js'
import { sample, type Violation, violation } from '../violation.js'

/**
 * Rule 8: a gap is told only where something was lost. `epoch`, `unknown` and `rollback` need a lossy fault before them
 * and a position that the final log does not keep; `trimmed` and `slow` need messages that the final log has dropped,
 * unless the options say that messages may be trimmed. The same for what publishers are told.
 *
 * Of two masters that do not know of each other each says that what the other one has is gone. So a rollback is right, whatever the
 * final log holds, when it leads into a history that this log does not hold: that one was undone later, and told again.
 *
 * Of an epoch that did not live to the end nothing shows what was trimmed in it: there only the option helps.
 */
export function* gaps({ channels, faults }: Timeline, options: ResolvedOptions): Iterable<Violation> {
  const firstLossy = faults.find(({ event }) => options.lossyFaults.has(event.kind))?.index ?? Infinity
  for (const channel of channels) {
    for (const stream of channel.streams) {
      const { subscriber } = stream
      for (const step of stream.steps) {
        if (!isStep(step, 'gap')) continue
        const wrong = falseGap(step, channel, step.index > firstLossy, options.mayTrim)
        if (wrong) yield violation(8, { subscriber, channel: channel.name }, wrong, [stream.opened, step])
      }
    }
    yield* falseRollbacks(channel)
  }
}

function falseGap(
  { event, before }: Step<GapTold>,
  { log }: Channel,
  afterLoss: boolean,
  mayTrim: boolean,
): string | undefined {
  const { reason, from, to, position } = event
  const told = `gap ${reason} ${from}..${to} told at ${showPosition(before)},`
  switch (reason) {
    case 'trimmed':
    case 'slow':
      if (mayTrim || (log.keeps(position) && to < log.first)) return undefined
      return `${told} but the log still holds messages from ${log.first} on`
    case 'rollback':
      if (!afterLoss) return `${told} but no fault has lost anything yet`
      if (log.keeps(position) && log.keeps({ epoch: before.epoch, offset: from }))
        return `${told} but ${from} was not rolled back`
      return undefined
    case 'epoch':
    case 'unknown':
      if (!afterLoss) return `${told} but no fault has lost anything yet`
      if (log.keeps(before)) return `${told} but the log continues that position`
      return undefined
  }
}

function* falseRollbacks({ name: channel, rollbacks, publishes, streams, log }: Channel): Iterable<Violation> {
  // Who was led into a history that was undone later.
  const astray = new Set(
    streams.flatMap(({ subscriber, steps }) =>
      steps.some((step) => isStep(step, 'gap') && step.event.reason === 'rollback' && !log.keeps(step.event.position))
        ? [subscriber]
        : [],
    ),
  )
  for (const told of rollbacks) {
    const { publisher, ids } = told.event
    const unacknowledged = ids.filter((id) => !isAcknowledgedBefore(publishes.get(id)?.ok, publisher, told))
    if (unacknowledged.length) {
      const message = `${publisher} was told a rollback of what it had no acknowledgement for: ${sample(unacknowledged)}`
      yield violation(8, { channel }, message, [told])
    }
    const kept = ids.filter((id) => {
      const ok = publishes.get(id)?.ok
      return ok && (log.offsetOf(id) !== undefined || log.keeps(ok.event.position))
    })
    if (kept.length && !astray.has(publisher)) {
      const message = `${publisher} was told a rollback of what is still in the log: ${sample(kept)}`
      yield violation(8, { channel }, message, [publishes.get(kept[0] ?? '')?.ok, told])
    }
  }
}

function isAcknowledgedBefore(ok: Recorded | undefined, publisher: string, told: Recorded): boolean {
  return ok?.event.type === 'pub.ok' && ok.event.publisher === publisher && ok.index < told.index
}
