import { Coverage } from '../coverage.js'
import type { FinalLog } from '../final-log.js'
import type { ResolvedOptions } from '../options.js'
import type { Move } from '../path.js'
import type { Stream } from '../stream.js'
import type { Channel, Timeline } from '../timeline.js'
import { sample, type Violation, violation } from '../violation.js'

/**
 * Rule 5: each entry of the final log is delivered to every subscriber that was subscribed over it, or lies inside a
 * gap told to that subscriber.
 *
 * Places are those of the final log (see FinalLog). A subscription still open at the end owes everything from its start
 * to the head. One that ended owes everything to its last position: what was on its way when it ended may stay there.
 * A subscription that starts in a lost part of the history owes from where that history leaves the final log.
 */
export function* completeness({ channels }: Timeline, options: ResolvedOptions): Iterable<Violation> {
  for (const channel of channels) {
    const latestInvoke = latestInvokes(channel)
    for (const stream of channel.streams) {
      yield* lateStart(channel, stream, latestInvoke)
      if (!options.mayTrim) yield* skippedStart(channel, stream)
      yield* holes(channel, stream)
    }
  }
}

function* holes(channel: Channel, stream: Stream): Iterable<Violation> {
  const { log } = channel
  const { subscriber } = stream
  const covered = new Coverage()
  for (const move of stream.moves) cover(covered, move, log)
  const from = Math.max(log.first, (log.common(stream.start) ?? 0) + 1)
  const to = stream.closed ? (log.common(stream.position) ?? 0) : log.head.offset
  for (const hole of covered.holes(from, to)) {
    const ids = log.entries.slice(hole.from - log.first, hole.to - log.first + 1).map(({ id }) => id)
    if (!ids.length) continue
    const message = `${hole.from}..${hole.to} are in the log and were neither delivered nor told missing: ${sample(ids)}`
    const acks = ids.slice(0, 3).map((id) => channel.publishes.get(id)?.ok)
    yield violation(5, { subscriber, channel: channel.name }, message, [stream.opened, ...acks, stream.steps.at(-1)])
  }
}

function cover(covered: Coverage, { event, before, after }: Move, log: FinalLog): void {
  switch (event.type) {
    case 'deliver': {
      const { position, id } = event
      if (log.keeps(position) && (log.idAt(position.offset) ?? id) === id) covered.add(position.offset)
      return
    }
    case 'gap': {
      const known = log.common(before)
      const landing = log.common(after)
      if (landing === undefined) return
      // Out of a history that is not this log's, everything before the landing is told with the gap.
      if (known === undefined) covered.add(1, landing)
      else if (event.reason === 'trimmed' || event.reason === 'slow') covered.add(event.from, landing)
      else if (event.reason === 'epoch' || event.reason === 'unknown') covered.add(known + 1, landing)
      return
    }
    case 'rebase':
      if (log.common(before) === undefined) covered.add(1, log.common(after) ?? 0)
  }
}

/** For each place of the log, the last call among the publishes up to it: the later a call, the later its place. */
function latestInvokes({ log, publishes }: Channel): number[] {
  let latest = -1
  return log.entries.map(({ id }) => (latest = Math.max(latest, publishes.get(id)?.invokes[0]?.index ?? -1)))
}

/** A message that was published after the subscription began is owed, however far ahead the start claims to be. */
function* lateStart(channel: Channel, stream: Stream, latestInvoke: readonly number[]): Iterable<Violation> {
  const { log, publishes, name } = channel
  const skipped = (log.common(stream.start) ?? 0) - log.first
  if ((latestInvoke[skipped] ?? -1) <= stream.opened.index) return
  const late = log.entries
    .slice(0, skipped + 1)
    .flatMap(({ id }) => publishes.get(id)?.invokes[0] ?? [])
    .filter(({ index }) => index > stream.opened.index)
  const ids = late.map(({ event }) => event.id)
  const message = `published after this subscription began, but before its start: ${sample(ids)}`
  yield violation(5, { subscriber: stream.subscriber, channel: name }, message, [stream.opened, ...late])
}

/** Who asks for the start gets all that is kept; what the final log still keeps was there to be had. */
function* skippedStart({ log, name }: Channel, { opened, start, subscriber }: Stream): Iterable<Violation> {
  const place = log.common(start) ?? 0
  if (opened.event.requested !== 'start' || place < log.first) return
  const message = `asked for the start and began after ${place}, while the log begins at ${log.first}`
  yield violation(5, { subscriber, channel: name }, message, [opened])
}
